"""Somebody at a browser: signs in by mail, fills pages by their labels, checks each page with axe."""

import email
import email.policy
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server


@dataclass
class Somebody:
    page: Page
    server: Server

    @classmethod
    def arrives(
        cls, browser: Browser, server: Server, *, javascript: bool = True, language: str = "fr-FR", width: int = 1280
    ):
        context = browser.new_context(
            java_script_enabled=javascript, locale=language, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(15_000)
        return cls(context.new_page(), server)

    def goes(self, path: str) -> None:
        self.page.goto(self.server.address + path)

    def signs_in(self, address: str) -> None:
        """Asks for the link and follows the newest one mailed to this address."""
        with closing(sqlite3.connect(self.server.mail.parent / "jalon.db", timeout=30)) as database, database:
            database.execute(
                "DELETE FROM hit"
            )  # tests share a server: somebody would sign in too often in a quarter of an hour
        known = set(links_for(self.server.mail, address))
        self.goes("/connexion")
        self.page.get_by_label(re.compile("Adresse électronique|Email address")).fill(address)
        self.page.get_by_role("button", name=re.compile("Recevoir mon lien|Get my link")).click()
        link = None
        for _ in range(150):
            link = next((found for found in links_for(self.server.mail, address) if found not in known), None)
            if link:
                break
            self.page.wait_for_timeout(100)
        assert link, "no link was mailed"
        self.page.goto(link)
        self.page.get_by_role("button", name=re.compile("^(Entrer|Enter)$")).click()
        if "/compte/second-facteur/connexion" in self.page.url:
            self._gives_factor()

    def _gives_factor(self) -> None:
        """The code that the demonstration's mailbox shows, as if none had been given before: tests do not wait for the next."""
        with closing(sqlite3.connect(self.server.mail.parent / "jalon.db", timeout=30)) as database, database:
            database.execute("UPDATE second_factor SET counter = 0 WHERE kind = 'totp'")
        name = re.sub(r".*\((.*)\).*", r"\1", self.page.locator(".jalon-who").inner_text())
        self.fills(code=self.code_of(name))
        self.page.get_by_role("button", name=re.compile("^(Entrer|Enter)$")).click()

    def code_of(self, name: str) -> str:
        """The code that the demonstration's mailbox shows of somebody, read in a page of its own."""
        page = self.page.context.new_page()
        page.goto(f"{self.server.address}/demonstration/courriels")
        told = page.locator(".fr-info-text", has_text=name)
        code = told.locator("strong").first.inner_text()
        page.close()
        return code

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def fills(self, **values: str) -> None:
        """Fills fields by their name attribute."""
        for name, value in values.items():
            self.page.locator(f'main [name="{name}"]').fill(value)

    def chooses(self, **values: str) -> None:
        for name, value in values.items():
            control = self.page.locator(f'select[name="{name}"]')
            if control.count():
                control.select_option(value)
            else:
                self.page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)

    def sees(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)


def links_for(folder: Path, address: str) -> list[str]:
    found = []
    for file in folder.glob("*.eml"):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if mail["To"] == address:
            found += re.findall(r"https?://\S+/connexion/[\w-]{20,}", mail.get_body(("plain",)).get_content())
    return found


def faults_of(page: Page) -> list[str]:
    """What axe finds on a page, and whether it scrolls sideways."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    # Axe().run also brings back all that passed: half of the time it takes.
    violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
    faults = [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in violations]
    return faults + overflow_of(page)


def overflow_of(page: Page) -> list[str]:
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{page.url} is {overflow} px too wide"] if overflow > 0 else []
