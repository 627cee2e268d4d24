"""Somebody who has no mouse: everything is reached with Tab and done with the keys."""

from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from tests.browser.person import Somebody, faults_of

_MOST_TABS = 400


@dataclass
class Keyboard:
    who: Somebody

    @property
    def page(self):
        return self.who.page

    def goes(self, path: str) -> None:
        self.who.goes(path)

    def reaches(self, target: Locator) -> None:
        """Presses Tab until `target` has the focus, which it must show."""
        element = target.element_handle()  # found once: by role and name it takes longer than pressing Tab
        for _ in range(_MOST_TABS):
            if element.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached by the keyboard")

    def presses(self, name: str) -> None:
        self.reaches(self.page.get_by_role("button", name=name, exact=True).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follows(self, link: Locator) -> None:
        self.reaches(link)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def takes_example(self, number: int = 0) -> None:
        """Opens "Partir d’un exemple" and takes one."""
        self.reaches(self.page.get_by_text("Partir d’un exemple").first)
        self.page.keyboard.press("Enter")
        self.follows(self.page.locator("details[open] a").nth(number))

    def types(self, name: str, text: str) -> None:
        field = self.page.locator(f'main [name="{name}"]').first
        self.reaches(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        expect(field).to_have_value(text)

    def chooses(self, name: str, value: str) -> None:
        """A radio or a line of a list, with the arrows."""
        control = self.page.locator(f'main select[name="{name}"]')
        if control.count():
            self.reaches(control)
            for _ in range(40):
                if control.input_value() == value:
                    return
                self.page.keyboard.press("ArrowDown")
            raise AssertionError(f"{name} has no {value}")
        radios = self.page.locator(f'main input[type="radio"][name="{name}"]')
        for _ in range(_MOST_TABS):
            if radios.evaluate_all("all => all.includes(document.activeElement)"):
                break
            self.page.keyboard.press("Tab")
        wanted = self.page.locator(f'main input[type="radio"][name="{name}"][value="{value}"]')
        self.page.keyboard.press("Space")
        for _ in range(10):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name} has no {value}")

    def ticks(self, name: str, value: str) -> None:
        box = self.page.locator(f'main input[type="checkbox"][name="{name}"][value="{value}"]')
        self.reaches(box)
        if not box.is_checked():
            self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def sees(self, text: str) -> None:
        self.who.sees(text)
        assert not (faults := faults_of(self.page)), faults
