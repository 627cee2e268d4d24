"""Jobs of this feature: the mails that carry a link."""

from datetime import date, datetime

from flask import current_app

from app.identity import accounts, linked_accounts, reviews, services, signing_in
from app.identity.forms import ROLE_WORDS
from app.identity.jobs import (
    ErasePerson,
    SendJournalHead,
    SendSignInLink,
    TellAccountClosed,
    TellAccountJoined,
    TellAddressChanged,
    TellErased,
    TellFactorChanged,
    TellFactorConfirmed,
    TellNewBrowser,
    TellRecovery,
    TellRoleTaken,
    TellTries,
)
from app.identity.models import LinkedAccount, Person
from app.journal import chain
from app.platform import clock, jobs, mail_templates
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.jobs import Jobs
from app.platform.links import link_to
from app.platform.logs import get_logger
from reports.certificates import UnusableSeal


def register(to: Jobs) -> None:
    to.handle(SendSignInLink, send_link)
    to.handle(TellFactorChanged, tell_factor_changed)
    to.handle(TellRoleTaken, tell_role_taken)
    to.handle(SendJournalHead, send_journal_head)
    to.handle(TellFactorConfirmed, tell_factor_confirmed)
    to.handle(TellRecovery, tell_recovery)
    to.handle(TellNewBrowser, tell_new_browser)
    to.every_minute(reviews.ask_reviews)
    to.handle(TellTries, tell_tries)
    to.handle(ErasePerson, erase_asked)
    to.handle(TellErased, tell_erased)
    to.handle(TellAccountClosed, tell_account_closed)
    to.handle(TellAccountJoined, tell_account_joined)
    to.handle(TellAddressChanged, tell_address_changed)
    to.every_minute(signing_in.purge_links)
    to.every_minute(linked_accounts.purge_accounts)
    to.every_minute(keep_journal_head)


def send_link(database: Database, task: SendSignInLink) -> None:
    with database.writing() as session:
        account = session.get(LinkedAccount, task.account_id) if task.account_id else None
        gone = task.account_id is not None and account is None
        issued = None if gone else signing_in.issue_link(session, task.email, task.next_path, task.account_id)
    if issued is None:
        return
    person, secret = issued
    mail_templates.write_to(
        person, "sign_in", secret, account=account, link=link_to("identity.use_link", secret=secret)
    )


def tell_factor_changed(database: Database, task: TellFactorChanged) -> None:
    """Whoever did not do it learns it."""
    with database.reading() as session:
        owner, person = session.get_one(Person, task.person_id), session.get_one(Person, task.told_id)
    mail_templates.write_to(
        person,
        "factor_changed",
        owner.id,
        person.id,
        task.at,
        owner=owner,
        factor=task.name,
        added=task.added,
        link=link_to("factors.index"),
        directory=link_to("portfolio.incubators"),
    )


def tell_factor_confirmed(database: Database, task: TellFactorConfirmed) -> None:
    """Whoever did not ask for it learns it."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(
        person, "factor_confirmed", person.id, task.at, factor=task.name, by=task.by, link=link_to("factors.index")
    )


def tell_recovery(database: Database, task: TellRecovery) -> None:
    """Whoever did not do it learns it."""
    with database.reading() as session:
        owner, person = session.get_one(Person, task.person_id), session.get_one(Person, task.told_id)
    mail_templates.write_to(
        person, "recovery", owner.id, person.id, task.at, owner=owner, used=task.used, link=link_to("factors.index")
    )


def tell_role_taken(database: Database, task: TellRoleTaken) -> None:
    """Whoever loses a role learns it, and from whom."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(
        person, "role_taken", person.id, task.role, task.at, role=ROLE_WORDS[task.role], where=task.where, by=task.by
    )


def tell_new_browser(database: Database, task: TellNewBrowser) -> None:
    """Whoever did not sign in there learns that somebody did."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(
        person,
        "new_browser",
        person.id,
        task.at,
        browser=task.browser,
        at=datetime.fromisoformat(task.at),
        link=link_to("sessions.index"),
    )


def tell_tries(database: Database, task: TellTries) -> None:
    """Whoever keeps this Jalon hears of an attack while it lasts."""
    with database.reading() as session:
        person, of = session.get_one(Person, task.person_id), session.get_one(Person, task.of_id)
    mail_templates.write_to(
        person, "wrong_factors", person.id, of.id, task.at, of=of, link=link_to("accounts.show", person_id=of.id)
    )


def erase_asked(database: Database, task: ErasePerson) -> None:
    """Of an account that is still closed, once."""
    with database.session(writing=True) as session:
        person, by = session.get_one(Person, task.person_id), session.get_one(Person, task.by_id)
        if person.closed_at is not None and person.erased_at is None:
            accounts.erase_person(session, by, person)


def tell_erased(database: Database, task: TellErased) -> None:
    """Lines of the journal lost a name: who audits hears of it from Jalon."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    told = (person.id, task.erased_id)
    mail_templates.write_to(
        person, "person_erased", *told, lines=task.lines, by=task.by, link=link_to("journal.of_platform")
    )


def tell_account_closed(database: Database, task: TellAccountClosed) -> None:
    """Whoever used it learns why it does not open."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(person, "account_closed", person.id, task.at, by=task.by)


def tell_account_joined(database: Database, task: TellAccountJoined) -> None:
    """Whoever did not do it learns it."""
    with database.reading() as session:
        owner, account = session.get_one(Person, task.person_id), session.get(LinkedAccount, task.account_id)
        told = session.get_one(Person, task.told_id or task.person_id)
    if account is None:
        return
    mail_templates.write_to(
        told,
        "account_joined",
        told.id,
        account.id,
        task.at,
        to=task.to or told.email,
        owner=owner,
        account=account,
        joined=task.joined,
        link=link_to("proconnect.accounts"),
    )


def tell_address_changed(database: Database, task: TellAddressChanged) -> None:
    """The mailbox that is left, and the one that is taken."""
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(
        person, "address_changed", person.id, task.told, task.new, to=task.told, before=task.before, new=task.new
    )


def keep_journal_head(database: Database) -> None:
    """Once a day: the head of the journal, sealed, among the documents, and in the mail of who audits."""
    from reports.seal import seal_text

    day = clock.today()
    with database.reading() as session:
        if chain.kept_day(session, day):
            return
    with database.writing() as session:
        head = chain.read_head(session)
        said = f"{day.isoformat()} {head.number}:{head.hash}\n".encode()
        try:
            kept = document_storage().put(seal_text(said, current_app.extensions["sealer"]))
        except UnusableSeal as error:  # the mail goes all the same: what it holds is outside
            get_logger().error("head of the journal not sealed", error=str(error))
            kept = document_storage().put(said)
        if not chain.keep_day(session, day, head, kept):
            return
        for person in services.auditors(session):
            jobs.enqueue(session, SendJournalHead(person.id, day.isoformat(), head.number, head.hash))


def send_journal_head(database: Database, task: SendJournalHead) -> None:
    with database.reading() as session:
        person = session.get_one(Person, task.person_id)
    mail_templates.write_to(
        person,
        "journal_head",
        person.id,
        task.day,
        day=date.fromisoformat(task.day),
        number=task.number,
        hash=task.hash,
        head=f"{task.number}:{task.hash}",
    )
