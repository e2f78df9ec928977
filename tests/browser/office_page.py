"""The officer's page in a real browser, by what a person sees and presses."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page


class OfficePage:
    """One tab with the page open; remembers what the browser complained of."""

    def __init__(self, tab: Page, address: str) -> None:
        self.tab = tab
        self.address = address
        self.complaints: list[str] = []
        tab.set_default_timeout(15_000)
        tab.on("console", self._heard)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, name: str, password: str) -> None:
        """Through the door, as a person does."""
        self.tab.goto(self.address)
        self.tab.get_by_label("Tên").fill(name)
        self.tab.get_by_label("Mật khẩu").fill(password)
        self.press("Đăng nhập")
        self.works()

    def works(self) -> None:
        """Until the page's modules are at work."""
        self.tab.locator("#line:not([hidden])").wait_for(state="attached")

    def press(self, name: str, *, within: str = "body") -> None:
        """Press the button of that name."""
        self.tab.locator(within).get_by_role("button", name=name, exact=True).click()

    def write(self, text: str) -> None:
        """Fill the Vietnamese text."""
        self.tab.get_by_label("Chữ viết").fill(text)

    def region(self, heading: str) -> Locator:
        """A part of the page by its heading."""
        return self.tab.get_by_role("region", name=heading, exact=True)

    def wait_for(self, text: str, *, within: str = "body") -> None:
        """Until a person could read this."""
        self.tab.locator(within).get_by_text(text).first.wait_for()

    def faults(self) -> list[str]:
        """What a person with a screen reader, a narrow screen or open tools would complain of."""
        found = [
            f"{v['id']}: {v['nodes'][0]['html']}"
            for v in Axe().run(self.tab).response["violations"]
        ]
        wide = self.tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"scrolls sideways by {wide} px")
        return found + self.complaints

    def _heard(self, message: ConsoleMessage) -> None:
        # A refusal that the page tells in words stands there as well.
        refusal = any(f"status of {status}" in message.text for status in (403, 409, 422))
        if message.type in ("error", "warning") and not refusal:
            self.complaints.append(message.text)
