"""`jalon invite` gives a role, the first administrator's too; `jalon forget-factors` helps who lost a second factor."""

import click
from sqlalchemy import select

from app.factory import create_app
from app.identity import factors, services
from app.identity.jobs import SendInvitation
from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import jobs
from app.products.models import Incubator, Product


@click.command()
@click.argument("email")
@click.argument("name")
@click.argument("role", type=click.Choice([r.value for r in Role]))
@click.option("--product", "product_slug", help="Give the role on this product only.")
@click.option("--incubator", "incubator_slug", help="Give the role on this incubator and its products.")
def invite(email: str, name: str, role: str, product_slug: str | None, incubator_slug: str | None) -> None:
    """Give EMAIL, called NAME, a ROLE; on the whole platform where no scope is named."""
    app = create_app()
    with app.app_context(), app.extensions["database"].writing() as session:
        scopes = {}
        for slug, table, key in ((product_slug, Product, "product_id"), (incubator_slug, Incubator, "incubator_id")):
            if slug:
                found = session.scalar(select(table.id).where(table.slug == slug))
                if found is None:
                    raise click.ClickException(f"nothing is called {slug!r}")
                scopes[key] = found
        person = services.find_or_create(session, email, name)
        if not services.give_role(session, None, person, Role(role), **scopes):
            raise click.ClickException(f"{email} already has this role there")
        jobs.enqueue(session, SendInvitation(person.id, "Jalon", Role(role), "/"))
    click.echo(f"{email}: {role}")


@click.command("forget-factors")
@click.argument("email")
def forget_factors(email: str) -> None:
    """Remove every second factor of EMAIL, who lost them; that person is told by mail."""
    app = create_app()
    with app.app_context(), app.extensions["database"].session(writing=True) as session:
        person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
        if person is None:
            raise click.ClickException(f"nobody has the address {email!r}")
        factors.forget_all(session, person, None)
    click.echo(f"{email}: no second factor any more")
