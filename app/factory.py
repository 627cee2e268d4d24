"""Builds the application: settings in, Flask out. `wsgi.py`, the command line and the tests call it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, g, render_template, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.middleware.proxy_fix import ProxyFix

from app import doctor
from app.analysis import handlers as analysis_jobs
from app.analysis import results
from app.analysis.register_views import blueprint as register
from app.analysis.step_views import blueprint as analysis_steps
from app.analysis.study_views import blueprint as study
from app.analysis.views import blueprint as analysis
from app.cards import handlers as cards_jobs
from app.cards.views import blueprint as cards
from app.commons import handlers as commons_jobs
from app.commons.views import blueprint as commons
from app.drafts.views import blueprint as drafts
from app.evidence import handlers as evidence_jobs
from app.evidence.connector_views import blueprint as connectors
from app.evidence.sighting_views import blueprint as sightings
from app.evidence.views import blueprint as evidence
from app.feeds import handlers as feeds_jobs
from app.feeds.views import blueprint as feeds
from app.home.journal_views import blueprint as journal
from app.home.journey import OTHER_PAGES
from app.home.todo_views import blueprint as todo
from app.home.views import blueprint as home
from app.home.views import journey_shown
from app.homologation import handlers as homologation_jobs
from app.homologation.deciding_views import blueprint as deciding
from app.homologation.dispensation_views import blueprint as dispensations
from app.homologation.forms import MONTHS
from app.homologation.lifting_views import blueprint as lifting
from app.homologation.outside_views import blueprint as outside
from app.homologation.piece_views import blueprint as pieces
from app.homologation.public_views import blueprint as register_pages
from app.homologation.sealing import open_sealer
from app.homologation.views import blueprint as homologation
from app.identity import access, policy, saved_forms
from app.identity import handlers as identity_jobs
from app.identity.factor_views import blueprint as factors
from app.identity.forms import ROLE_WORDS
from app.identity.policy import Permission
from app.identity.proconnect import open_proconnect
from app.identity.proconnect_views import blueprint as proconnect
from app.identity.session_views import blueprint as sessions
from app.identity.views import blueprint as identity
from app.inventory.component_catalogue_views import blueprint as usual
from app.inventory.version_views import blueprint as versions
from app.inventory.views import blueprint as inventory
from app.mitigations.views import blueprint as mitigations
from app.packages.views import blueprint as packages
from app.plan import handlers as plan_jobs
from app.plan.views import blueprint as plan
from app.platform import attachments, forms, http, i18n, logs, rates, secrets, terms, uploads
from app.platform.build import read_commit
from app.platform.database import Database, make_engine
from app.platform.extensions import csrf
from app.platform.jobs import Jobs
from app.platform.mail import Mailer
from app.platform.settings import Settings, load_settings
from app.platform.storage import Storage
from app.portfolio import handlers as portfolio_jobs
from app.portfolio.account_views import blueprint as accounts
from app.portfolio.directory_views import blueprint as directory
from app.portfolio.move_views import blueprint as moves
from app.portfolio.role_views import blueprint as roles
from app.portfolio.views import blueprint as portfolio
from app.product_files.views import blueprint as product_file
from app.products import handlers as products_jobs
from app.products.access import may_open
from app.products.views import blueprint as products
from app.renewals import handlers as renewals_jobs
from app.renewals.views import blueprint as renewals

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINTS = (
    identity,
    factors,
    sessions,
    proconnect,
    home,
    products,
    product_file,
    inventory,
    usual,
    drafts,
    sightings,
    packages,
    feeds,
    analysis,
    study,
    register,
    analysis_steps,
    mitigations,
    plan,
    evidence,
    connectors,
    commons,
    homologation,
    deciding,
    dispensations,
    lifting,
    pieces,
    outside,
    register_pages,
    renewals,
    journal,
    todo,
    versions,
    directory,
    roles,
    accounts,
    moves,
    portfolio,
    cards,
)


def create_app(settings: Settings | None = None, *, seals: bool = False) -> Flask:
    """The application, whose process `seals` or only says who does. Raises `InvalidSettings` when the environment is wrong."""
    settings = settings or load_settings()
    settings.instance.mkdir(parents=True, exist_ok=True)
    logs.configure_logs(development=settings.development)
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "app" / "static"))
    configure_app(app, settings, seals=seals)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies
        )
    i18n.init_app(app)
    csrf.init_app(app)
    http.init_app(app)
    terms.init_app(app)
    app.before_request(access.load_person)
    app.register_error_handler(results.StillComputing, _computing_page)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    doctor.check_start(app)
    app.jinja_env.globals.update(
        menu=make_menu,
        static_file=static_file,
        journey_of=journey_shown,
        other_pages=OTHER_PAGES,
        may_open=may_open,
        role_words=ROLE_WORDS,
        durations=MONTHS,
        messages=forms.error_messages,
        chosen=forms.is_chosen,
        choice_label=forms.choice_label,
        choice_help=forms.choice_help,
        kept_values=saved_forms.kept_values,
    )
    return app


def _computing_page(found: results.StillComputing) -> tuple[str, int, dict[str, str]]:
    """Instead of a page that needs an assessment still being made: says so, with the last result."""
    g.db_session.rollback()  # a form that leans on it changed nothing
    last = results.last_of(g.db_session, found.product)
    page = render_template("errors/computing.html", slug=found.product, last=last, given_up=found.given_up)
    return page, 503, {"Retry-After": "30"}


def configure_app(app: Flask, settings: Settings, *, seals: bool = False) -> None:
    """Gives `app` its settings and the stores that they name."""
    app.config.update(_config(settings))
    _open_stores(app, settings, seals=seals)


# Whoever asks by these names is on this machine: the checks of its health.
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")


def _config(settings: Settings) -> dict[str, object]:
    cookies = secrets.derived_texts(settings.secret_keys, "cookies")
    return {
        "ROOT": ROOT,
        "SETTINGS": settings,
        "COMMIT": read_commit(settings.source_commit, ROOT),
        "SECRET_KEY": cookies[0],
        "SECRET_KEY_FALLBACKS": cookies[1:],
        "WTF_CSRF_SECRET_KEY": secrets.derived_texts(settings.secret_keys, "forms")[::-1],  # the last one signs
        "TRUSTED_HOSTS": [urlsplit(settings.base_url).hostname, *settings.trusted_hosts, *_OWN_NAMES],
        "BASE_URL": settings.base_url,
        "DEVELOPMENT": settings.development,
        "STATE_SITE": settings.state_site,
        "MAIL_FOLDER": Path(settings.mail_url.removeprefix("file://"))
        if settings.mail_url.startswith("file:")
        else None,
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes,
        "MAX_FORM_MEMORY_SIZE": 1_000_000,
        # Browsers take a __Host- cookie over HTTPS only, from this host and for it alone.
        "SESSION_COOKIE_NAME": "__Host-jalon" if settings.base_url.startswith("https://") else "jalon",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.base_url.startswith("https://"),
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
    }


def _open_stores(app: Flask, settings: Settings, *, seals: bool) -> None:
    """Database, documents, mail and jobs, where every feature finds them."""
    jobs = Jobs(settings.jobs_url, settings.job_lease_seconds)
    database = Database(make_engine(settings.database_url), jobs.ring)
    jobs.bind(database)
    for feature in (
        identity_jobs,
        products_jobs,
        analysis_jobs,
        homologation_jobs,
        renewals_jobs,
        portfolio_jobs,
        feeds_jobs,
        evidence_jobs,
        cards_jobs,
        commons_jobs,
        plan_jobs,
    ):
        feature.register(jobs)
    jobs.every_minute(uploads.purge_uploads)
    jobs.every_minute(attachments.purge_attachments)
    jobs.every_minute(rates.purge_counts)
    jobs.every_minute(jobs.purge)
    app.extensions.update(
        sealer=open_sealer(settings, with_key=seals),
        proconnect=open_proconnect(settings),
        database=database,
        load_person=access.load_person,
        jobs=jobs,
        storage=Storage(settings.documents_url),
        mailer=Mailer(settings.mail_url, settings.mail_from, only_to=settings.review_mail),
    )


def make_menu() -> list[tuple[str, Any]]:
    """The main menu of the signed-in person."""
    links = [("home.index", _l("Mes actions")), ("products.index", _l("Produits"))]
    links.append(("register_pages.index", _l("Homologations")))
    roles = {grant.role for grant in g.person.grants}
    if policy.allows(Permission.READ_INCUBATOR, roles):
        links.append(("portfolio.incubators", _l("Incubateurs")))
        links.append(("packages.who_uses", _l("Qui utilise quoi ?")))
    return links


def static_file(path: str) -> str:
    """The address of a file served as it is; changes when the file does."""
    file = Path(current_app.static_folder or "") / path
    stamp = int(file.stat().st_mtime) if file.exists() else 0
    return url_for("static", filename=path, v=stamp)
