"""What is found though no file of deployment says it: settings in code, pipelines, domains, interfaces, who patches."""

import json

import pytest

from risk_models.draft.tree import Tree, is_wanted
from risk_models.scales import ComponentKind, LinkKind
from tests.factories.repositories import files, names

DJANGO = """
REDIS = os.getenv("CACHE_URL", "redis://localhost:6379")  # SENTRY_DSN
SENTRY = os.environ["SENTRY_DSN"]
# os.environ["MATOMO_TOKEN"]
PILOTAGE = {"host": env("PILOTAGE_DB_HOST"), "password": env("PILOTAGE_DB_PASSWORD")}
"""


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("config/settings/base.py", DJANGO, {"Redis", "Sentry", "Pilotage (base de données)"}),
        ("app/settings.py", 'HAYSTACK = {"ENGINE": "elasticsearch7_backend"}', {"Elasticsearch"}),
        ("config/initializers/search.rb", 'Meilisearch.new(ENV.fetch("MEILISEARCH_HOST"))', {"Meilisearch"}),
        ("config/packages/cache.yaml", "framework: {cache: {app: '%env(resolve:REDIS_URL)%'}}", {"Redis"}),
        ("src/main/resources/application.properties", "a.b=${BREVO_API_KEY:}\n#spring.redis.host=x", {"Brevo"}),
        ("config/redis.ts", "export default process.env.REDIS_URL", set()),
        ("config/settings/test.py", DJANGO, set()),
        ("config/cable.yml", "production: {adapter: redis}", set()),
        ("config/runtime.exs", '{"0 16 * * *", Transport.Jobs.DatasetQualityScoreDispatcher}', set()),
        ("config/runtime.exs", 'redistribute: "a", hiredisx: 1, REDISTRIBUTION', set()),
        ("config/runtime.exs", "cache: ActionCable::RedisAdapter", {"Redis"}),
        ("config/runtime.exs", 'url: "rediss://x:6379"', {"Redis"}),
    ],
)
def test_what_only_the_settings_of_the_code_name_is_found(path, text, wanted):
    found = from_paths({path: text, "Procfile": "web: x\n"})
    assert names(found) - {"Application"} == wanted


def from_paths(texts: dict[str, str]):
    """What is drafted of the files that a repository would give, those that are not wanted left out."""
    return files({path: text for path, text in texts.items() if is_wanted(path)})


WEB = {"Procfile": "web: x\n"}
DEPLOYS = "on: push\njobs: {a: {steps: [{run: 'COMMAND'}]}}\n"


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ({".github/workflows/cd.yml": DEPLOYS.replace("COMMAND", "clever deploy")}, "Clever Cloud"),
        ({".gitlab-ci.yml": "deploy: {script: [kubectl apply -f k]}\n"}, "Kubernetes"),
        ({".env.example": "SITE_URL=https://demo.osc-fr1.scalingo.io\n"}, "Scalingo"),
        ({"package.json": '{"homepage": "https://x.vercel.app/"}'}, "Vercel"),
        # What others publish there says nothing of where this runs; nor a comment.
        ({".env.example": "AUTRE_API=https://demo.osc-fr1.scalingo.io\n"}, None),
        ({".github/workflows/cd.yml": DEPLOYS.replace("COMMAND", "echo heroku") + "# scalingo\n"}, None),
        # What is told plainly is enough: previews elsewhere are no second host.
        ({"scalingo.json": "{}", ".github/workflows/cd.yml": DEPLOYS.replace("COMMAND", "netlify deploy")}, "Scalingo"),
    ],
)
def test_a_pipeline_or_a_domain_tells_the_host(texts, wanted):
    hosts = [c for c in files(WEB | texts).system.components if c.kind is ComponentKind.HOST]
    assert [h.name for h in hosts] == ([wanted] if wanted else [])


def test_an_interface_is_told_beside_the_server_of_its_folder():
    told = {"express": "4.21.0", "vue": "3.5.0", "pg": "8.0.0"}
    beside = files({"package.json": json.dumps({"dependencies": told, "devDependencies": {"vite": "6.0.0"}})})
    assert {"Application Express", "Interface Vue"} <= names(beside)
    writing = {k.source for k in beside.system.links if k.target == "postgresql"}
    assert writing == {"web"}, "the interface reaches the database through the server"
    whole = files(
        {"package.json": json.dumps({"dependencies": {"next": "15.0.0", "react": "19.0.0", "vite": "6.0.0"}})}
    )
    assert "Interface React" not in names(whole)
    built = files({"front/package.json": json.dumps({"devDependencies": {"svelte": "5.0.0", "vite": "6.0.0"}}), **WEB})
    assert "Interface Svelte" in names(built)


def test_what_a_supplier_keeps_is_patched_by_it():
    texts = {"scalingo.json": '{"addons": ["postgresql:x"]}', ".env.example": "REDIS_URL=\n", **WEB}
    patched = {c.name: c.patched_by.value for c in files(texts).system.components}
    assert (patched["Scalingo"], patched["PostgreSQL"]) == ("publisher", "publisher")
    assert (patched["Redis"], patched["Application"]) == ("team", "team")


def test_a_console_or_a_store_of_developers_is_no_part():
    compose = (
        "services:\n  s3: {image: minio/minio, environment: {MINIO_ROOT_USER: a}}\n  c: {image: cloudlena/s3manager}\n"
    )
    found = files({"compose.yaml": compose, ".env.example": "S3_BUCKET=\n", **WEB})
    assert names(found) == {"Application", "S3"}
    assert {a.why for a in found.aside} == {"stands_for_s3", "development_image"}


SHOWN = {
    "front/src/stats.page.html": '<iframe title="x"\n  src="https://stats.exemple.test/public/dashboard/7a5f#x">',
    "src/views/stats.vue": '<iframe title="Statistiques sur Metabase" :src="metabaseUrl"></iframe>',
    "app/views/stats.html.haml": '%iframe{ src: "https://stats.exemple.test/embed/question/1" }',
}
SITE = "formulaire.autre.test"


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_that_shows_the_dashboards_of_metabase_tells_of_it(path):
    assert "Metabase" in names(from_paths(WEB | {path: SHOWN[path]}))


@pytest.mark.parametrize(
    ("path", "text", "confidence"),
    [
        ("src/Contact.tsx", f"export const A = () => <Iframe\n\tsrc={{`https://{SITE}/a`}} />", "likely"),
        ("views/page.pug", f"iframe(src='//{SITE}')", "likely"),
        ("config/settings/base.py", f'CSP = {{"frame-src": [\n  "https://{SITE}",  # ici\n  "blob:"]}}', "guess"),
        ("config/initializers/csp.rb", f'policy.frame_src(:self, "https://{SITE}")', "guess"),
        ("config/settings/base.py", f'CSP_FRAME_SRC = ["\'self\'", "*.{SITE}"]', "guess"),
    ],
)
def test_a_site_that_pages_show_is_a_part(path, text, confidence):
    system = from_paths(WEB | {path: text}).system
    (found,) = (c for c in system.components if c.name == SITE)
    assert json.loads(dict(found.extra)["x-confidence"]) == confidence
    assert {k.kind for k in system.links if k.target == found.id} == {LinkKind.CALLS}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/Contact.tsx", "import { iframeResize } from 'x'\nconst src = `https://autre.test/a`"),
        ("src/a.html", '<iframe src="/chez-nous"></iframe><img src="https://autre.test/a.png">'),
        ("src/a.html", '<iframe src="http://localhost:3000/x"></iframe>'),
        ("config/settings/base.py", '# "frame-src": ["https://autre.test"]\nX = {"img-src": ["https://autre.test"]}'),
        ("config/settings/base.py", 'X = {"frame-src": ["blob:"], "img-src": ["https://autre.test"]}'),
        ("config/settings/base.py", 'X = {"frame-ancestors": ["https://autre.test"]}'),
    ],
)
def test_what_pages_do_not_show_is_no_part(path, text):
    assert names(from_paths(WEB | {path: text})) == {"Application"}


def test_only_the_pages_that_show_something_are_kept():
    tree = Tree("x")
    tree.keep("src/a.html", b"<p>Bonjour</p>")
    tree.keep("src/b.html", b"<IFRAME src=x>")
    assert list(tree.texts) == ["src/b.html"]
    assert not tree.skipped


MANY = 100_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("charts/x/values.yaml", "repository: " + "a" * MANY + "!\n"),
        ("Gemfile", 'gem "a", ' + "group:[" * MANY),
        ("build.gradle", "id" + " " * MANY + "x"),
        (".env.example", "".join(f"SOME{n}_API_KEY=x\n" for n in range(5_000))),
        ("config/settings/base.py", 'X = {"frame-src": [' + '"https://' * MANY),
        ("src/a.html", "<iframe " * 10_000 + 'src="https://'),
    ],
)
def test_a_line_made_to_be_tried_again_and_again_is_read_once(path, text):
    assert from_paths(WEB | {path: text}).system.components


def test_elixir_is_read_as_other_languages_are():
    mix = 'defp deps do\n[{:phoenix, "~> 1.7"}, {:postgrex, ">= 0.0.0"}, {:redix, "~> 1", only: [:dev, :test]}]\nend'
    lock = '%{\n  "phoenix": {:hex, :phoenix, "1.7.0", "hash", [:mix], [], "hexpm", "hash"},\n}'
    found = names(from_paths({"mix.exs": mix, "mix.lock": lock}))
    assert {"Application Phoenix", "PostgreSQL", "Paquets Elixir"} <= found
    assert "Redis" not in found


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ("CEREMA_API=https://x.test\nCEREMA_PASSWORD=", "Cerema (API)"),
        ("DATAFONCIER_API=\nDATAFONCIER_TOKEN=", "Datafoncier (API)"),
        ("CUSTOM_APPSIGNAL_PUSH_URL=\nCUSTOM_APPSIGNAL_PUSH_API_KEY=", "AppSignal"),
        ("CLAMAV_HOST=clamav\nCLAMAV_PORT=3310", "ClamAV"),
    ],
)
def test_what_variables_speak_of_is_found_under_its_name(variables, wanted):
    assert names(from_paths(WEB | {".env.example": variables})) == {"Application", wanted}
