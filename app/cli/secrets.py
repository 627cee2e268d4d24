"""`jalon secrets rotate`: what people entrusted, encrypted anew under the newest key."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.models import Connector
from app.factory import create_app
from app.identity.kinds import FactorKind
from app.identity.models import SecondFactor
from app.platform.secrets import Unopenable, renew_text
from app.renewals.models import Channel


def entrusted_secrets(session: Session) -> list[tuple[SecondFactor | Connector | Channel, str]]:
    """Each row that holds a secret encrypted under the application's keys, and the name of its column."""
    return [
        *((f, "secret") for f in session.scalars(select(SecondFactor).where(SecondFactor.kind == FactorKind.TOTP))),
        *((c, "token") for c in session.scalars(select(Connector).where(Connector.token != ""))),
        *((c, "address") for c in session.scalars(select(Channel))),
    ]


@click.group()
def secrets() -> None:
    """Keys of the application: JALON_SECRET_KEY holds the newest first, then the former ones, between spaces."""


@secrets.command()
def rotate() -> None:
    """Encrypt every entrusted secret under the newest key; the former ones may then leave JALON_SECRET_KEY."""
    app = create_app()
    done, lost = 0, list[str]()
    with app.app_context(), app.extensions["database"].writing() as session:
        for row, column in entrusted_secrets(session):
            try:
                setattr(row, column, renew_text(getattr(row, column)))
                done += 1
            except Unopenable:
                lost.append(f"{row.__tablename__} {row.id}")
    click.echo(f"{done} secrets are under the newest key.")
    for what in lost:
        click.echo(f"Encrypted under a key that is not in JALON_SECRET_KEY: {what}")
    raise SystemExit(1 if lost else 0)
