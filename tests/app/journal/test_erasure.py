"""A person erased: their name is nowhere in the journal, and the chain still holds; a line blanked otherwise is found."""

import re

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.analysis.kinds import StudyStep
from app.analysis.study_models import StepMark
from app.identity.kinds import Role
from app.identity.models import Person
from app.journal import chain
from app.journal.actions import Action
from app.journal.chain import Tampering
from app.journal.models import JournalEntry, JournalLink
from app.journal.services import record
from app.platform import clock
from tests.factories.homologation import run_jobs

NAME, ADDRESS = "Éloïse Partie", "parti@exemple.test"


@pytest.fixture
def scene(world):
    """An administrator, and somebody who acted, was acted on, and whose account is closed."""
    admin, gone = world.person("admin@exemple.test", "Morgan Roux"), world.person(ADDRESS, NAME)
    world.give(admin, Role.ADMINISTRATOR)
    world.product(gone)
    visitor = world.visitor(gone)
    visitor.post("/langue", {"language": "en"})
    with world.database.writing() as session:
        session.execute(update(Person).where(Person.id == gone.id).values(closed_at=clock.now()))
    return world, admin, gone


def erase(world, admin, gone):
    answer = world.visitor(admin).post(f"/plateforme/comptes/{gone.id}/effacer", {"code": world.code(admin)})
    run_jobs(world)
    return answer


def verdict(world):
    with world.database.reading() as session:
        return chain.verify_journal(session)


def test_an_erased_person_is_named_nowhere_in_the_journal_and_the_chain_holds(scene):
    world, admin, gone = scene
    before = verdict(world).head
    assert erase(world, admin, gone).status_code == 302
    with world.database.reading() as session:
        said = " ".join(f"{e.person_name} {e.what} {e.details}" for e in session.scalars(select(JournalEntry)))
        assert NAME not in said and ADDRESS not in said
        kept = session.scalar(select(JournalEntry).where(JournalEntry.action == "create_product"))
        assert (kept.person_name, kept.what) == ("", "Exemple"), "what does not name them stays"
        person = session.get(Person, gone.id)
        assert person.name == "Personne effacée" and ADDRESS not in person.email
        assert chain.verify_journal(session, before).faults == (), "the head kept outside is still in the chain"
    assert world.visitor(admin).get("/plateforme/journal").status_code == 200


def test_a_line_that_stays_partly_is_still_checked_for_the_rest(scene):
    world, admin, gone = scene
    erase(world, admin, gone)
    with world.database.writing() as session:
        entry = session.scalar(select(JournalEntry).where(JournalEntry.action == "create_product"))
        number = session.scalar(select(JournalLink.number).where(JournalLink.entry_id == entry.id))
        session.execute(update(JournalEntry).where(JournalEntry.id == entry.id).values(what=""))
    assert (Tampering.CHANGED, str(number)) in verdict(world).faults


def test_a_line_blanked_without_an_erasure_is_found(scene):
    world, _, _ = scene
    with world.database.writing() as session:
        number, entry_id = session.execute(select(JournalLink.number, JournalLink.entry_id).limit(1)).one()
        session.execute(
            update(JournalEntry).where(JournalEntry.id == entry_id).values(person_name="", what="", details={})
        )
        session.execute(update(JournalLink).where(JournalLink.number == number).values(salt="", kept_salts={}))
    assert (Tampering.CHANGED, str(number)) in verdict(world).faults


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET what = 'autre chose'",
        "UPDATE journal_entry SET person_name = 'Quelqu’un d’autre'",
        "UPDATE journal_entry SET action = 'decide', what = ''",
        "UPDATE journal_link SET hash = '0'",
        "UPDATE journal_link SET salt = 'autre'",
        "UPDATE journal_link SET texts = '{}', salt = ''",
        "DELETE FROM journal_entry",
    ],
)
def test_the_database_lets_texts_be_blanked_and_nothing_else(scene, statement):
    world, _, _ = scene
    with pytest.raises(IntegrityError), world.database.writing() as session:
        session.execute(text(statement))


def test_an_account_is_closed_before_its_person_is_erased_and_once(scene):
    world, admin, gone = scene
    other = world.person("encore@exemple.test", "Encore Là")
    page = erase(world, admin, other).get_data(as_text=True)
    assert "Fermez d’abord ce compte" in page
    erase(world, admin, gone)
    assert "déjà effacée" in erase(world, admin, gone).get_data(as_text=True)
    answer = world.visitor(admin).post(f"/plateforme/comptes/{gone.id}/rouvrir")
    assert answer.status_code == 409


def test_lines_of_before_each_text_had_its_own_salt_are_blanked_whole(scene):
    world, admin, gone = scene
    with world.database.reading() as session:
        entry, link = session.execute(
            select(JournalEntry, JournalLink)
            .join(JournalLink, JournalLink.entry_id == JournalEntry.id)
            .where(JournalEntry.action == "create_product")
        ).one()
    old = chain._digests(entry, dict.fromkeys(chain._BLANK, "sel"))
    assert chain._salts_of(JournalLink(salt="sel", texts=old), entry) == {}
    assert chain._says_its_texts(JournalLink(salt="sel", texts=old), entry)
    assert link.salt and gone and admin


def test_an_ordinary_word_for_a_name_erases_nothing_of_others(world):
    """Whoever invites somebody under the name "e" would otherwise have the whole journal blanked."""
    admin = world.person("admin@exemple.test", "Morgan Roux")
    world.give(admin, Role.ADMINISTRATOR)
    world.product()
    for number, name in enumerate(("e", "lines", "Exemple", "incubator")):
        gone = world.person(f"jetable{number}@exemple.test", name)
        with world.database.writing() as session:
            session.execute(update(Person).where(Person.id == gone.id).values(closed_at=clock.now()))
        with world.database.writing() as session:
            session.execute(text("UPDATE second_factor SET counter = 0"))
        assert erase(world, admin, gone).status_code == 302
    with world.database.reading() as session:
        lines = session.scalars(select(JournalEntry).where(JournalEntry.action != "erase_person")).all()
        assert all(entry.person_name and entry.details is not None for entry in lines)
        assert {entry.what for entry in lines if entry.action == "give_role"} != {""}
    assert verdict(world).faults == ()


def test_an_erasure_outside_the_chain_accounts_for_nothing(scene):
    world, admin, gone = scene
    erase(world, admin, gone)
    with world.database.writing() as session:
        number, entry_id = session.execute(
            select(JournalLink.number, JournalLink.entry_id)
            .join(JournalEntry, JournalEntry.id == JournalLink.entry_id)
            .where(JournalEntry.person_id == admin.id)
            .limit(1)
        ).one()
        forged = JournalEntry(
            at=clock.now().replace(year=2001),
            person_name="Jalon",
            action="erase_person",
            what=gone.id,
            details={"lines": [number]},
        )
        session.add(forged)
        session.execute(
            update(JournalEntry).where(JournalEntry.id == entry_id).values(person_name="", what="", details={})
        )
        session.execute(update(JournalLink).where(JournalLink.number == number).values(salt="", kept_salts={}))
    found = verdict(world)
    assert (Tampering.CHANGED, str(number)) in found.faults
    assert Tampering.UNCHAINED in {fault for fault, _ in found.faults}


def test_the_beginning_of_a_text_does_not_pass_for_a_salt(scene):
    world, admin, gone = scene
    erase(world, admin, gone)
    with world.database.reading() as session:
        entry, link = session.execute(
            select(JournalEntry, JournalLink)
            .join(JournalLink, JournalLink.entry_id == JournalEntry.id)
            .where(JournalEntry.action == "create_product")
        ).one()
        session.expunge_all()
    assert chain._says_its_texts(link, entry)
    link.kept_salts = link.kept_salts | {"what": link.kept_salts["what"] + entry.what[:3]}
    entry.what = entry.what[3:]
    assert not chain._says_its_texts(link, entry)


def closed(world, address: str, name: str):
    person = world.person(address, name)
    with world.database.writing() as session:
        session.execute(update(Person).where(Person.id == person.id).values(closed_at=clock.now()))
    return person


@pytest.mark.parametrize("name", ["administrator", "with_reservations", "n° 1", "Guichet Exemple", "Morgan Roux"])
def test_a_name_chosen_to_be_that_of_something_else_blanks_no_line_of_others(world, name):
    """Whoever invites chooses the name: a role, an outcome, a dossier, a product, somebody else."""
    admin = world.person("admin@exemple.test", "Morgan Roux")
    world.give(admin, Role.ADMINISTRATOR)
    gone = closed(world, "jetable@exemple.test", name)
    with world.database.writing() as session:
        record(session, None, Action.GIVE_ROLE, "Ève <eve@exemple.test>", role="administrator")
        record(session, None, Action.DECIDE, "with_reservations", product_id="p")
        record(session, None, Action.OPEN_DOSSIER, "n° 1", product_id="p")
        record(session, None, Action.CREATE_PRODUCT, "Guichet Exemple", product_id="p")
        record(session, None, Action.GIVE_ROLE, "Morgan Roux <admin@exemple.test>", role="auditor")
    with world.database.reading() as session:
        before = {e.id: (e.what, str(e.details)) for e in session.scalars(select(JournalEntry))}
    erase(world, admin, gone)
    with world.database.reading() as session:
        now = {e.id: (e.what, str(e.details)) for e in session.scalars(select(JournalEntry))}
    kept = {key for key in before if "jetable" not in before[key][0]}
    assert {key: now[key] for key in kept} == {key: before[key] for key in kept}


def test_what_they_were_called_before_and_named_themselves_goes_too(scene):
    """A former name, a former address, the name of a telephone, and who did what in a product."""
    world, admin, gone = scene
    with world.database.writing() as session:
        person = session.get(Person, gone.id)
        record(session, person, Action.GIVE_ROLE, "Odile Vieux <odile@exemple.test>", role="auditor")
        record(session, person, Action.CHANGE_ADDRESS, ADDRESS, before="odile@exemple.test")
        record(session, person, Action.SIGN_IN, NAME, renamed_from="Odile Vieux")
        record(session, person, Action.ADD_FACTOR, "totp: Téléphone d’Éloïse")
        passed = StepMark(product_id=world.reload().id, step=StudyStep.ATTACKERS, skipped_by=NAME)
        session.add(passed)
    erase(world, admin, gone)
    with world.database.reading() as session:
        said = " ".join(f"{e.person_name} {e.what} {e.details}" for e in session.scalars(select(JournalEntry)))
        assert not {"Odile", "odile@", "Éloïse", "Téléphone"} & set(re.findall(r"Odile|odile@|Éloïse|Téléphone", said))
        assert session.scalars(select(StepMark.skipped_by)).all() == ["Personne effacée"]
    assert verdict(world).faults == ()


def test_who_audits_is_told_of_an_erasure(scene):
    world, admin, gone = scene
    auditor = world.person("audit@exemple.test", "Alix Audit")
    world.give(auditor, Role.AUDITOR)
    erase(world, admin, gone)
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(auditor.email) and "ne la nomment plus" in m]
