"""Two ways to use a page: with a pointer, and with the keyboard alone."""

from typing import Protocol

from playwright.sync_api import Locator

MAX_TABS = 150


class Hands(Protocol):
    def press(self, target: Locator) -> None:
        """Uses a link or a button."""

    def choose(self, target: Locator) -> None:
        """Chooses a radio button or a checkbox."""

    def write(self, target: Locator, text: str) -> None:
        """Writes into a field."""


class Pointer:
    def press(self, target: Locator) -> None:
        target.click()

    def choose(self, target: Locator) -> None:
        target.check()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)


class Keyboard:
    """Tab, Space and Enter, as somebody without a pointer: what cannot be reached by Tab cannot be used."""

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(MAX_TABS):
            if target.evaluate("(element) => element === document.activeElement"):
                return
            target.page.keyboard.press("Tab")
        raise AssertionError(f"{target} is not reached by {MAX_TABS} presses of Tab")

    def press(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Enter")

    def choose(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Space")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        target.page.keyboard.type(text)
