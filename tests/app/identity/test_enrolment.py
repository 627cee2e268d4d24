"""When a new factor signs at once: never by a mailbox alone. Recovery codes open and sign nothing."""

import re
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import delete, select, update

from app.identity import services as identity
from app.identity.kinds import Role
from app.identity.models import Grant, LinkedAccount, RecoveryCode, SecondFactor
from app.platform import clock
from tests.app.identity.enrolling import GATE, PAGE, arrive, register
from tests.app.identity.stand_in import begin, come_back, connect, joined, run_jobs, standing_in


def newest(world) -> SecondFactor:
    with world.database.reading() as session:
        return session.scalars(select(SecondFactor).order_by(SecondFactor.added_at.desc())).first()


def newest_of(world, person) -> SecondFactor:
    with world.database.reading() as session:
        return session.scalars(select(SecondFactor).where(SecondFactor.person_id == person.id)).first()


def in_strong_session(world, person, provider):
    connect(world, provider)
    provider.acr = "eidas2"
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    return visitor


def test_a_strong_session_of_ones_own_account_makes_a_factor_sign_at_once(world):
    person = world.person()
    with standing_in() as provider:
        joined(world, person, provider)
        register(in_strong_session(world, person, provider))
    assert newest(world).signs_from <= clock.now()


@pytest.mark.parametrize("address", ["camille@exemple.test", "autre@exemple.test"])
def test_an_account_joined_today_makes_nothing_sign_whatever_its_address(world, address):
    """Whoever reads a mailbox may have an account that bears its address."""
    person = world.person(address)
    with standing_in() as provider:
        joined(world, person, provider, days=0)
        register(in_strong_session(world, person, provider))
        assert newest(world).signs_from > clock.now()
        with world.database.writing() as session:
            session.execute(update(LinkedAccount).values(joined_at=clock.now() - timedelta(days=2)))
        register(in_strong_session(world, person, provider), "Second")
    assert newest(world).signs_from <= clock.now()


def test_an_account_joined_today_opens_nothing_of_a_privileged_role(world):
    person = world.person()
    world.give(person, Role.ADMINISTRATOR)
    world.code(person)
    with standing_in() as provider:
        joined(world, person, provider, days=0)
        assert in_strong_session(world, person, provider).get("/produits").location.startswith(GATE)


def test_a_strong_session_of_the_morning_vouches_no_more(world):
    person = world.person()
    with standing_in() as provider:
        joined(world, person, provider)
        visitor = in_strong_session(world, person, provider)
        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            register(visitor)
            assert newest(world).signs_from > clock.now()


def with_codes(world, person):
    """The visitor who registered a factor, and ten codes drawn."""
    visitor = world.visitor(person, proved=False)
    secret, _ = register(visitor)
    page = visitor.post(f"{PAGE}/secours").get_data(as_text=True)
    return visitor, secret, re.findall(r"<code>((?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4})</code>", page)


def test_ten_codes_open_the_account_once_each_and_are_told(world):
    person = world.person()
    world.give(person, Role.AUTHORITY)
    lea = world.person("lea@exemple.test", "Léa Garant")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    _, _, codes = with_codes(world, person)
    assert len(set(codes)) == 10
    with world.database.writing() as session:
        session.execute(update(SecondFactor).values(signs_from=clock.now() - timedelta(days=1)))
    fresh = arrive(world, person)
    assert fresh.get("/produits").location.startswith(GATE)
    typed = codes[0].lower().replace("-", " ")
    assert fresh.post(f"{GATE}/secours?next=/produits", {"recovery": typed}).location.startswith(PAGE)
    assert fresh.get("/produits").status_code == 200
    again = arrive(world, person)
    assert "a déjà servi" in again.post(f"{GATE}/secours", {"recovery": codes[0]}).get_data(as_text=True)
    run_jobs(world)
    told = [mail for mail in world.mails() if "code de secours a ouvert" in mail]
    assert {mail.partition(" |")[0] for mail in told} == {"camille@exemple.test", "lea@exemple.test"}


def test_a_recovery_code_signs_nothing_nor_makes_a_factor_that_does(world):
    person = world.person()
    world.give(person, Role.AUTHORITY)
    _, _, codes = with_codes(world, person)
    with world.database.writing() as session:
        session.execute(update(SecondFactor).values(signs_from=clock.now() - timedelta(days=1)))
    visitor = arrive(world, person)
    visitor.post(f"{GATE}/secours", {"recovery": codes[3]})
    for name in ("Nouveau téléphone", "Encore un"):
        _, answer = register(visitor, name)
        assert answer.status_code == 302
        assert newest(world).name == name
        assert newest(world).signs_from > clock.now() + timedelta(hours=23)
    secret, _ = register(visitor, "Troisième")
    with time_machine.travel(clock.now() + timedelta(seconds=60)):
        visitor.post(f"{PAGE}/confirmer", {"code": pyotp.TOTP(secret).at(clock.now())})
        register(visitor, "Quatrième")
        assert newest(world).signs_from > clock.now() + timedelta(hours=23), "a waiting factor vouches for none"


def test_a_cookie_stolen_after_the_sign_in_adds_no_factor(world):
    person = world.person()
    world.give(person, Role.AUTHORITY)
    code = world.code(person)
    visitor = world.visitor(person, proved=False)
    visitor.post(GATE, {"code": code})
    assert visitor.get(f"{PAGE}/codes").status_code == 302
    assert visitor.post(f"{PAGE}/secours").status_code == 409


def test_the_secret_of_codes_is_shown_once(world):
    visitor = world.visitor(world.person())
    shown = visitor.get(f"{PAGE}/codes").get_data(as_text=True)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", shown)[1]
    again = visitor.post(f"{PAGE}/codes", {"name": "T", "code": "000000"}).get_data(as_text=True)
    assert secret not in again and "<svg" not in again


def test_erased_factors_take_joined_accounts_with_them(world):
    admin, person = world.person("admin@exemple.test", "Morgan Roux"), world.person()
    world.give(admin, Role.ADMINISTRATOR)
    with standing_in() as provider:
        joined(world, person, provider)
        register(in_strong_session(world, person, provider))
        world.visitor(admin).post(f"/plateforme/comptes/{person.id}/effacer-les-facteurs", {"code": world.code(admin)})
        visitor = world.visitor()
        assert "Confirmez que c’est vous" in come_back(visitor, begin(visitor, provider)).get_data(as_text=True)


def test_recovery_codes_tried_in_a_row_are_stopped(world):
    person = world.person()
    world.give(person, Role.AUDITOR)
    _, _, codes = with_codes(world, person)
    visitor = arrive(world, person)
    for number in range(10):
        visitor.post(f"{GATE}/secours", {"recovery": f"0000-0000-0000-0000-0000-{number:04}"})
    assert "Trop d’essais" in visitor.post(f"{GATE}/secours", {"recovery": codes[0]}).get_data(as_text=True)
    assert "Trop d’essais" in visitor.post(GATE, {"code": "123456"}).get_data(as_text=True)


def test_new_codes_end_the_old_ones_and_need_a_factor(world):
    person = world.person()
    visitor, secret, codes = with_codes(world, person)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert visitor.post(f"{PAGE}/secours").status_code == 409
        visitor.post(f"{PAGE}/confirmer", {"code": pyotp.TOTP(secret).at(clock.now())})
        assert visitor.post(f"{PAGE}/secours").status_code == 200
    with world.database.reading() as session:
        assert len(session.scalars(select(RecoveryCode.id)).all()) == 10
    stranger = world.visitor(world.person("sans@exemple.test"))
    assert stranger.post(f"{PAGE}/secours").status_code == 409
    assert codes


def test_another_person_of_the_incubator_confirms_a_factor(world):
    product = world.product()
    authority = world.person("autorite@exemple.test", "Andrée Laurent")
    world.give(authority, Role.AUTHORITY, product_id=product.id)
    lea = world.person("lea@exemple.test", "Léa Garant")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    mine = world.visitor(authority, proved=False)
    register(mine)
    signs = re.search(r"signes à lui lire : ([0-9A-F]{4} [0-9A-F]{4})", mine.get(PAGE).get_data(as_text=True))[1]
    code = world.code(lea)
    factor, here = newest_of(world, authority), "/incubateurs/dinum/seconds-facteurs"
    member = world.visitor(lea)
    assert f"{here}/{factor.id}/confirmer" in member.get("/incubateurs/dinum/roles").get_data(as_text=True)
    assert signs in member.get(f"{here}/{factor.id}/confirmer").get_data(as_text=True)
    assert "n’est pas bon" in member.post(f"{here}/{factor.id}/confirmer", {"code": "000000"}).get_data(as_text=True)
    assert newest_of(world, authority).signs_from > clock.now()
    assert member.post(f"{here}/{factor.id}/confirmer", {"code": code}).status_code == 302
    assert newest_of(world, authority).signs_from <= clock.now()
    run_jobs(world)
    assert any("Léa Garant a confirmé" in mail for mail in world.mails())


def test_nobody_confirms_their_own_factor_nor_one_of_elsewhere(world):
    lea = world.person("lea@exemple.test", "Léa Garant")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    visitor = world.visitor(lea)
    secret, _ = register(visitor)
    own = f"/incubateurs/dinum/seconds-facteurs/{newest(world).id}/confirmer"
    elsewhere = world.person("ailleurs@exemple.test", "Ailleurs")
    register(world.visitor(elsewhere))
    theirs = newest_of(world, elsewhere).id
    assert visitor.get(f"/incubateurs/dinum/seconds-facteurs/{theirs}/confirmer").status_code == 404
    with time_machine.travel(clock.now() + timedelta(seconds=60)):
        page = visitor.post(own, {"code": pyotp.TOTP(secret).at(clock.now())}).get_data(as_text=True)
    assert "Personne ne confirme son propre second facteur" in page


def test_who_let_somebody_in_does_not_confirm_their_factor(world):
    """One person with two mailboxes would otherwise be their own second person."""
    world.product()
    lea = world.person("lea@exemple.test", "Léa Garant")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    other = world.person("seconde@exemple.test", "Seconde Boîte")
    with world.database.writing() as session:
        identity.give_role(session, lea, other, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    register(world.visitor(other, proved=False))
    code = world.code(lea)
    path = f"/incubateurs/dinum/seconds-facteurs/{newest_of(world, other).id}/confirmer"
    assert "vous doit un rôle" in world.visitor(lea).post(path, {"code": code}).get_data(as_text=True)
    assert path not in world.visitor(lea).get("/incubateurs/dinum/roles").get_data(as_text=True)
    assert newest_of(world, other).signs_from > clock.now()


def test_a_role_taken_back_leaves_who_gave_it_no_second_person(world):
    """Given, taken back, confirmed meanwhile, given again: one person alone made an administrator whose factor signs."""
    morgan, omar = world.person("morgan@exemple.test", "Morgan Roux"), world.person("omar@exemple.test", "Omar Autre")
    world.give(morgan, Role.ADMINISTRATOR)
    with world.database.writing() as session:
        identity.give_role(session, session.get(type(morgan), morgan.id), omar, Role.ADMINISTRATOR)
    register(world.visitor(omar, proved=False))
    path = f"/plateforme/seconds-facteurs/{newest_of(world, omar).id}/confirmer"
    with world.database.writing() as session:
        session.execute(delete(Grant).where(Grant.person_id == omar.id))
    code = world.code(morgan)
    assert world.visitor(morgan).post(path, {"code": code}).status_code == 404, "who engages nowhere waits for nobody"
    world.give(omar, Role.AUDITOR)
    assert "vous doit un rôle" in world.visitor(morgan).post(path, {"code": code}).get_data(as_text=True)
    assert newest_of(world, omar).signs_from > clock.now()


@pytest.mark.parametrize("where", ["incubator", "platform"])
def test_those_who_answer_for_somebody_hear_of_their_new_factor(world, where):
    """The mailbox that is told alone may be the stolen one."""
    world.product()
    scope = {"incubator_id": world.incubator().id} if where == "incubator" else {}
    role = Role.INCUBATOR_MEMBER if where == "incubator" else Role.ADMINISTRATOR
    lea, other = world.person("lea@exemple.test", "Léa Garant"), world.person("neuve@exemple.test", "Neuve Venue")
    for person in (lea, other):
        world.give(person, role, **scope)
    register(world.visitor(other, proved=False))
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(lea.email) and "Neuve Venue" in m]
    assert [m for m in world.mails() if m.startswith(other.email) and "sa page dit à partir de quand" in m]


@pytest.mark.parametrize("elsewhere", ["platform", "incubator"])
def test_an_incubator_confirms_nobody_who_engages_elsewhere(world, elsewhere):
    product = world.product()
    lea, wide = world.person("lea@exemple.test", "Léa Garant"), world.person("large@exemple.test", "Large Rôle")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    world.give(wide, Role.REVIEWER, product_id=product.id)
    world.give(wide, Role.ADMINISTRATOR) if elsewhere == "platform" else world.give(
        wide, Role.INCUBATOR_MEMBER, incubator_id=world.incubator("autre").id
    )
    register(world.visitor(wide, proved=False))
    path = f"/incubateurs/dinum/seconds-facteurs/{newest_of(world, wide).id}/confirmer"
    assert world.visitor(lea).get(path).status_code == 404
