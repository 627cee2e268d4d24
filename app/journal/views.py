"""A product's journal: who did what, when."""

from flask import Blueprint, render_template

from app.homologation import services as homologation
from app.identity.policy import Permission
from app.journal import services
from app.platform.http import db_session
from app.platform.pages import page_number
from app.products.access import product_view
from app.products.models import Product

blueprint = Blueprint("journal", __name__, url_prefix="/produits/<slug>/journal")


@blueprint.get("")
@product_view(Permission.READ_JOURNAL)
def entries(product: Product) -> str:
    number = page_number()
    found = services.entries_of(db_session(), product.id, page=number)
    return render_template(
        "journal/entries.html", product=product, entries=found, number=number, said=homologation.said_in_journal
    )
