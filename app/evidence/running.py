"""Runs one connector: asks the tool with no transaction open, reads its answer, writes what it says in one transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence import connectors, repositories, scans, services
from app.evidence.importers import Reading, UnreadablePayload, github, updown
from app.evidence.importers.dashlord import host_of
from app.evidence.jobs import RunConnector
from app.evidence.kinds import ConnectorKind, EvidenceSource
from app.evidence.models import Connector
from app.platform import clock, secrets
from app.platform.database import Database
from app.platform.foreign_json import load_json
from app.platform.logs import get_logger
from app.platform.outbound import Answer, Unreachable, ask_address
from app.platform.refusals import Refusal
from app.platform.transactions import unjournaled_transaction
from app.products.models import Incubator, Product


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool said of one product."""

    product: Product
    readings: list[Reading]
    sha256: str


def run_connector(database: Database, task: RunConnector) -> None:
    """A job. A tool that cannot be read leaves what was known as it is, and says so beside the connector."""
    with database.reading() as session:
        connector = session.get(Connector, task.connector_id)
        if connector is None:
            return
        products = _products(session, connector)
        names = repositories.repositories_read(session, connector, products)
    at, problem = clock.now(), ""
    try:
        if connector.kind is ConnectorKind.DASHLORD:
            _run_dashlord(database, connector, [p.id for p in products])
        else:
            token = secrets.decrypt_text(connector.token)
            if connector.kind is ConnectorKind.GITHUB:
                found, problem = _github(connector, products, names, token)
            else:
                found, problem = _updown(connector, products, token)
            with database.session(writing=True) as session:
                _write(session, connector, found)
    except (Unreachable, UnreadablePayload) as error:
        problem = error.code
    except secrets.Unopenable:
        problem = "token_unopenable"
    except Refusal:
        problem = "not_its_shape"
    except Exception:  # whatever a stranger's payload still manages to break is theirs, and is told
        get_logger().exception("connector")
        problem = "not_its_shape"
    if problem:
        get_logger().warning("connector", connector=connector.id, kind=connector.kind.value, problem=problem)
    with database.writing() as session:
        connectors.note_run(session, connector.id, problem, at)


def _products(session: Session, connector: Connector) -> list[Product]:
    statement = select(Product)
    if connector.product_id:
        return list(session.scalars(statement.where(Product.id == connector.product_id)))
    return list(session.scalars(statement.where(Product.incubators.any(Incubator.id == connector.incubator_id))))


def _ask(address: str, headers: dict[str, str]) -> Answer:
    return ask_address(address, headers, private_hosts=current_app.config["SETTINGS"].private_hosts, most=_MOST_API)


_MOST_API = 5_000_000


def _run_dashlord(database: Database, connector: Connector, products: list[str]) -> None:
    answer = ask_address(connector.address, private_hosts=current_app.config["SETTINGS"].private_hosts)
    if answer.status != 200:
        raise UnreadablePayload(
            {401: "token_refused", 403: "no_right", 404: "not_found", 429: "too_many_requests"}.get(
                answer.status, "server_fault"
            )
        )
    with database.session(writing=True) as session:
        scans.import_report(session, None, answer.body, connector.address, products=products)


def _github(
    connector: Connector, products: list[Product], names: dict[str, str], token: str
) -> tuple[list[Found], str]:
    """What GitHub says of each product whose repository is in `names`; and the first problem."""
    base = current_app.config["SETTINGS"].github_api
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    aside = github.AsideRules(tuple(connector.aside_paths), connector.aside_development)
    found, first = [], "" if names or connector.product_id else "nothing_confirmed"
    for product in products:
        repository = names.get(product.id)
        if repository is None:
            found.append(Found(product, [], ""))
            first = first or ("other_repository" if connector.product_id else "")
            continue
        digest = hashlib.sha256()

        def asked(path: str, digest: Any = digest) -> Answer:
            address = path if "://" in path else f"{base}{path}"
            if urlsplit(address)[:2] != urlsplit(base)[:2]:  # the token goes nowhere else
                raise UnreadablePayload("not_its_shape")
            answer = _ask(address, headers)
            digest.update(answer.body)
            return answer

        try:
            readings, problem = github.read_repository(asked, repository, aside)
        except (UnreadablePayload, Unreachable) as error:
            if error.code == "token_refused" or connector.product_id:
                raise
            readings, problem = [], error.code
        first = first or problem
        found.append(Found(product, readings, digest.hexdigest()))
    return found, first


def _updown(connector: Connector, products: list[Product], token: str) -> tuple[list[Found], str]:
    answer = _ask(f"{current_app.config['SETTINGS'].updown_api}/checks", {"X-API-KEY": token})
    if answer.status != 200:
        raise UnreadablePayload(
            {401: "token_refused", 403: "token_refused", 404: "not_found", 429: "too_many_requests"}.get(
                answer.status, "server_fault"
            )
        )
    try:
        payload = load_json(answer.body, _no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadablePayload("not_its_shape") from error
    digest = hashlib.sha256(answer.body).hexdigest()
    hosts = {product.id: host_of(product.address) for product in products}
    return [Found(p, updown.read_checks(payload, {hosts[p.id]}), digest) for p in products if hosts[p.id]], ""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@unjournaled_transaction
def _write(session: Session, connector: Connector, found: list[Found]) -> None:
    source = EvidenceSource(connector.kind.value)
    standing = repositories.standing_repositories(session, [one.product.id for one in found])
    for one in found:
        arrival = services.Arrival(source, connector.kind.value, one.sha256, clock.today())
        services.write_readings(session, one.product, one.readings, arrival)
        known = {e.subject for e in services.evidence_of(session, one.product.id) if e.source is source}
        if connector.kind is ConnectorKind.GITHUB:
            gone = {subject for subject in known if subject.lower() not in standing[one.product.id]}
        else:
            gone = known - {reading.subject for reading in one.readings} if one.readings else set()
        services.forget_subjects(session, one.product, source, gone, arrival.by)
