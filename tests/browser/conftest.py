"""A real Chromium on real pages: the ``serve`` fixture starts an app, ``page`` fails on any browser error."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from werkzeug.serving import make_server

import app as door
from evaluator.stores import EvaluatorStores
from explorer.config_files import load
from tests.browser.reviewing import House, write_short
from tests.corpora import loaded

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test, whose page comes last and goes first: it asks no closed server."""
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            for name in ("context", "page"):
                if isinstance(item, pytest.Function) and name in item.fixturenames:
                    item.fixturenames.remove(name)
                    item.fixturenames.append(name)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or Playwright's own where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        expect.set_options(timeout=15_000)
        yield browser
        browser.close()


@pytest.fixture
def allowed_errors() -> list[str]:
    """Parts of console messages that a test expects; a test that provokes an error adds to it."""
    return []


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: nothing is remembered, nothing is cached."""
    made = chromium.new_context(viewport=VIEWPORT, accept_downloads=True)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, allowed_errors: list[str]) -> Iterator[Page]:
    """A fresh page of 1440 x 900; any unexpected console error, page error or foreign request fails the test."""
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    troubles: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            troubles.append(f"{message.text} ({message.location.get('url', '')})")

    opened.on("console", listen)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("request", lambda request: _note_foreign(request.url, troubles))
    yield opened
    if folder := os.environ.get("EARMARK_SCREENSHOTS"):
        opened.screenshot(path=f"{folder}/{os.environ['PYTEST_CURRENT_TEST'].split('::')[-1].split(' ')[0]}.png")
    opened.close()
    unexpected = [t for t in troubles if not any(part in t for part in allowed_errors)]
    assert not unexpected, unexpected


def _note_foreign(url: str, troubles: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1", "data:", "blob:", "about:")):
        troubles.append(f"request to another host: {url}")


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Flask], str]]:
    """Start a WSGI app on a free loopback port and return its address."""
    servers = []

    def start(server: Flask) -> str:
        running = make_server("127.0.0.1", 0, server, threaded=True)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        servers.append(running)
        return f"http://127.0.0.1:{running.server_port}"

    yield start
    for running in servers:
        running.shutdown()


@pytest.fixture
def make_house(page: Page, tmp_path: Path, serve: Callable[[Flask], str]) -> Iterator[Callable[..., House]]:
    """Serve the short corpus of the review page, with options of the configuration."""
    opened: list[EvaluatorStores] = []
    page.on("dialog", lambda dialog: dialog.accept())  # the warning of a page that is left with something unsaved

    def make(*options: str) -> House:
        manifest = write_short(tmp_path / "corpus")
        places = [f"cache.folder={tmp_path / 'cache'}", f"workspace={tmp_path / 'workspace'}"]
        stores = door.open_stores(load([door.DEFAULTS], [*places, *options]))
        opened.append(stores)
        stores.library.open("short", [manifest])
        loaded(stores.library, "short")
        return House(serve(door.create_app(stores).server), stores, manifest)

    yield make
    page.goto("about:blank")  # a page that still asks for sound would be refused by a server that ends
    for stores in opened:
        stores.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    """The short corpus of the review page, served."""
    return make_house()


@pytest.fixture
def broken(allowed_errors: list[str]) -> None:
    """Requests are refused in this test, which the browser's console tells."""
    allowed_errors += ["Failed to load resource", "net::ERR"]
