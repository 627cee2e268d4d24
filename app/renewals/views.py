"""A product's deadlines: what is due, the reminders to come and sent, the calendar file."""

from flask import Blueprint, Response, render_template, url_for

from app.identity.policy import Permission
from app.platform import clock
from app.platform.http import db_session
from app.products.access import product_view
from app.products.models import Product
from app.renewals import services

blueprint = Blueprint("renewals", __name__, url_prefix="/produits/<slug>/echeances")


@blueprint.get("")
@product_view(Permission.READ_PRODUCT)
def deadlines(product: Product) -> str:
    return render_template(
        "renewals/deadlines.html",
        product=product,
        deadlines=services.of_product(db_session(), product),
        reminders=services.reminders_of(db_session(), product.id),
        today=clock.today(),
    )


@blueprint.get("/agenda.ics")
@product_view(Permission.READ_PRODUCT)
def ics(product: Product) -> Response:
    from app.renewals.calendars import calendar  # icalendar is slow to import and rarely needed

    link = url_for("home.product", slug=product.slug, _external=True)
    content = calendar(product, services.of_product(db_session(), product), clock.now(), link)
    headers = {"Content-Disposition": 'attachment; filename="jalon.ics"'}
    return Response(content, mimetype="text/calendar", headers=headers)
