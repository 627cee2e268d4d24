"""Jobs of this feature: the PDF of a dossier, and the mails that call for an opinion or a decision."""

from typing import Any

from flask import current_app
from sqlalchemy import update

from app.homologation.models import Dossier
from app.identity.models import Person
from app.platform import letters
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.jobs import Jobs
from app.products.models import Product
from reports import pdf


def register(jobs: Jobs) -> None:
    jobs.handles("dossier_pdf")(render_pdf)
    jobs.handles("dossier_call")(call)


def render_pdf(database: Database, arguments: dict[str, Any]) -> None:
    """Renders the frozen content once; a dossier changed meanwhile keeps its newer PDF."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, arguments["dossier_id"])
    if dossier.content is None or dossier.pdf_of == dossier.content_sha256:
        return
    digest = document_storage().put(pdf.render(dossier.content))
    with database.writing() as session:
        session.execute(
            update(Dossier)
            .where(
                Dossier.id == dossier.id,
                Dossier.content_sha256 == dossier.content_sha256,
                Dossier.pdf_of.is_distinct_from(dossier.content_sha256),
            )
            .values(pdf_sha256=digest, pdf_of=dossier.content_sha256)
        )


def call(database: Database, arguments: dict[str, Any]) -> None:
    """Writes to a reviewer or to the authority that the dossier waits for them."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, arguments["dossier_id"])
        person = session.get_one(Person, arguments["person_id"])
        product = session.get_one(Product, dossier.product_id)
    since = dossier.state_since.isoformat()
    letters.send(
        letters.compose(
            f"call_{arguments['what']}",
            to=person.email,
            language=person.language,
            message_id=letters.message_id("call", dossier.id, person.id, arguments["what"], since),
            person=person,
            product=product,
            link=f"{current_app.config['BASE_URL']}/produits/{product.slug}/dossier/{dossier.number}",
        )
    )
