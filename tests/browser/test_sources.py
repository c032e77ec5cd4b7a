"""Sound from elsewhere in a real browser: members of tars, and containers that only the server can decode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dash import Dash, html
from flask import Flask
from playwright.sync_api import Page, expect

from explorer import vendor
from explorer.components.player import player
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.doors import media
from explorer.querying.query import Query
from explorer.sound.media_cache import MediaCache
from tests.explorer.sound.test_av_sound import encode
from tests.explorer.sounds import manifest, voice
from tests.explorer.tarred import tarred


def tar_corpus(folder: Path) -> Corpus:
    data = tarred(folder / "data", shards=1)
    return open_corpus("sources", [data / "tarred_audio_manifest.json"], cache=folder / "cache")


def film_corpus(folder: Path) -> Corpus:
    data = folder / "data"
    data.mkdir()
    encode(data / "film.mp4", "mp4", "aac", voice(3.0), 16_000, video=True)
    return open_corpus(
        "sources", [manifest(data, [{"audio_filepath": "film.mp4", "text": "a film"}])], cache=folder / "cache"
    )


ROWS = ((tar_corpus, 1, "01.25"), (tar_corpus, 3, "00.50"), (film_corpus, 0, "03.00"))


@pytest.mark.parametrize(("make", "row", "seconds"), ROWS)
def test_it_plays_and_is_drawn(
    page: Page,
    serve: Callable[[Flask], str],
    tmp_path: Path,
    make: Callable[[Path], Corpus],
    row: int,
    seconds: str,
) -> None:
    corpus = make(tmp_path)
    utterance = corpus.utterance(corpus.page(Query(), row, row + 1, ["audio"])[0]["id"])
    app = Dash("sources", assets_folder=str(vendor.ASSETS), **vendor.dash_options())
    cache = MediaCache(tmp_path / "media", limit=100_000_000)
    media.add_routes(app.server, lambda _name: corpus, cache)
    app.layout = html.Div(html.Div(player("sources", utterance, id="p"), className="panel"))
    page.goto(serve(app.server))
    element = page.locator("#p")
    expect(element).to_have_attribute("data-state", "ready")
    expect(element.locator(".player-spectrogram.is-drawn")).to_be_attached()
    expect(element).to_contain_text(f"0:{seconds}")
    element.locator(".player-play").click()
    page.wait_for_function("earmark.player.position('#p') > 0.2")
    cache.close()
