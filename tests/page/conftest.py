"""The browser, and a page of it that has to behave: no error in its console, no request that leaves its server."""

import pathlib
import shutil
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

# The programs that tests start and wait for are those of tests/real.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "real"))

import scripted

SHOTS = scripted.ROOT / "target/page"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "Chromium is missing: scripts/tools.sh page"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site():
    return scripted.Site()


@pytest.fixture
def server(site):
    server = scripted.Server(site)
    yield server
    server.stop()


class Visitor:
    """Opens pages of a server, and notes what they do wrong."""

    def __init__(self, chromium, url):
        self._chromium = chromium
        self._contexts = []
        self.url = url
        self.wrong = []
        # Of these answers the browser itself writes an error into the console.
        self.expected = ()

    def open(self, path="/", phone=False, dark=False, wait=True):
        context = self._chromium.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            is_mobile=phone,
            locale="en-GB",
            timezone_id="UTC",
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._on_request)
        page.goto(self.url + path)
        if wait:
            settle(page)
        return page

    def _on_console(self, message):
        if message.type in ("error", "warning") and not any(part in message.text for part in self.expected):
            self.wrong.append(f"{message.type}: {message.text}")

    def _on_request(self, request):
        if not request.url.startswith((self.url + "/", "data:", "blob:")):
            self.wrong.append(f"asks {request.url}")

    def close(self):
        for context in self._contexts:
            context.close()
        assert self.wrong == []


@pytest.fixture
def visitor(chromium, server):
    visitor = Visitor(chromium, server.url)
    yield visitor
    visitor.close()


def settle(page):
    """Waits until every chart that the page shows has been drawn, and nothing says that it is loading."""
    page.wait_for_function(
        """() => !document.body.innerText.includes("Loading…")
            && !document.querySelector("[aria-busy]")
            && [...document.querySelectorAll(".plot")].every((plot) => plot.childElementCount > 0)"""
    )


def unfold(page):
    """Opens all that is folded."""
    page.evaluate("() => document.querySelectorAll('main details').forEach((one) => (one.open = true))")
    settle(page)


def shoot(page, name):
    """A picture of the whole page, for a person to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
