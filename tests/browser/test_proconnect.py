"""Signing in and out through the library that ProConnect runs, in a real browser."""

import re

from playwright.sync_api import expect

from tests.browser.person import Somebody, faults_of, links_for


def goes_through(somebody, name):
    somebody.goes("/connexion")
    somebody.page.get_by_role("link", name="S’identifier avec ProConnect").click()
    somebody.page.get_by_role("link", name=name).click()


def confirms(somebody, address, known):
    """Opens the link that confirms an account, in this very browser."""
    for _ in range(150):
        link = next((found for found in links_for(somebody.server.mail, address) if found not in known), None)
        if link:
            break
        somebody.page.wait_for_timeout(100)
    somebody.page.goto(link)
    somebody.sees("Direction interministérielle du numérique")
    somebody.presses("Entrer")


def test_an_agent_comes_in_by_proconnect_and_signs_out_of_both(chromium, server):
    known = set(links_for(server.mail, "equipe@exemple.test"))
    agent = Somebody.arrives(chromium, server, width=320)
    agent.goes("/connexion")
    assert faults_of(agent.page) == []
    goes_through(agent, "Camille Martin")
    agent.sees("Confirmez que c’est vous")
    assert faults_of(agent.page) == []
    confirms(agent, "equipe@exemple.test", known)
    expect(agent.page.get_by_role("heading", level=1)).to_contain_text("Mes actions")
    agent.goes("/compte/proconnect")
    agent.sees("13002526500013")
    assert faults_of(agent.page) == []

    again = Somebody.arrives(chromium, server)
    goes_through(again, "Camille Martin")
    expect(again.page.get_by_role("heading", level=1)).to_contain_text("Mes actions")
    again.page.get_by_role("button", name=re.compile("Se déconnecter")).click()
    again.page.get_by_role("button", name="Sortir").click()
    expect(again.page.get_by_text("Vous êtes déconnecté de Jalon et de ProConnect.")).to_be_visible()
    again.goes("/produits")
    assert "/connexion" in again.page.url
    again.page.get_by_role("link", name="S’identifier avec ProConnect").click()
    expect(again.page.get_by_role("link", name="Camille Martin")).to_be_visible()


def test_whoever_is_refused_unknown_or_late_is_told_what_to_do(chromium, server):
    visitor = Somebody.arrives(chromium, server)
    goes_through(visitor, "Refuser")
    visitor.sees("Vous n’avez pas terminé votre connexion")
    assert faults_of(visitor.page) == []
    goes_through(visitor, "Inès Connue")
    visitor.sees("ProConnect vous connaît, Jalon pas encore")
    assert faults_of(visitor.page) == []
    late = Somebody.arrives(chromium, server)
    goes_through(late, "Lent Martin")
    late.sees("Cette connexion a trop attendu, ou a déjà servi")
