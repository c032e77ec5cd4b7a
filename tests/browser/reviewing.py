"""A short corpus to review in the browser, and the steps that tests of the review page share."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from playwright.sync_api import Page, expect

from evaluator.ledger import review_space
from evaluator.stores import EvaluatorStores

ROWS: list[dict[str, Any]] = [
    {
        "text": "the cat sat on the mat",
        "pred_text_a": "the bat sat on mat",
        "pred_text_b": "the bat sat on the mat",
        "pred_text_c": "the bat sat on the mat",
    },
    {"text": "open the door", "pred_text_a": "open the door", "pred_text_b": "open a door"},
    {
        "text": "play some music",
        "audio_filepath": "1.wav",
        "offset": 0.5,
        "duration": 1.5,
        "pred_text_a": "play music",
        "pred_text_b": "lay some music",
    },
    {"text": "שלום עולם טוב", "pred_text_a": "שלום עולם רע", "pred_text_b": "שלום עולם טוב"},
    {"text": "今天天气很好", "pred_text_a": "今天天汽很好", "pred_text_b": "今天天气很好"},
    {"text": "nothing here", "audio_filepath": "gone.wav", "pred_text_a": "nothing"},
]


@dataclass
class House:
    url: str
    stores: EvaluatorStores
    manifest: Path


def write_short(folder: Path) -> Path:
    """Six utterances of two seconds, each a tone; the first has word times."""
    folder.mkdir(parents=True)
    lines = []
    for number, row in enumerate(ROWS):
        time = np.arange(32_000) / 16_000
        soundfile.write(folder / f"{number}.wav", 0.3 * np.sin(2 * np.pi * (200 + 100 * number) * time), 16_000)
        line = {"audio_filepath": f"{number}.wav", "duration": 2.0, **row}
        if number == 0:
            said = [
                {"word": word, "start": 0.3 * at, "end": 0.3 * at + 0.25} for at, word in enumerate(row["text"].split())
            ]
            line["words"] = said
        lines.append(json.dumps(line, ensure_ascii=False))
    path = folder / "short.json"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def come(page: Page, house: House, search: str = "", *, who: str = "Anna") -> None:
    """Open the page under a name, and wait until the first utterance can be worked on."""
    if who:
        page.context.add_cookies([{"name": "earmark_name", "value": who, "url": house.url}])
    page.goto(f"{house.url}/review?corpus=short&order=table{search}")
    expect(page.locator("#review[data-state=open]")).to_be_visible()
    expect(page.locator("#review-rates")).to_have_attribute("data-state", "ready")
    if who:
        expect(page.locator("#review-name-text, .badge-soft", has_text=re.compile(f"{who}|Read-only"))).to_be_visible()


def saved(page: Page) -> None:
    expect(page.locator("#review-saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))


def newest(house: House, place: int = 0) -> dict[str, Any]:
    """The newest value of every field of the utterance in that line."""
    corpus = house.stores.corpus({"corpus": "short"})
    [(id, _)] = corpus.listed(np.array([place], np.int32), ())
    state = house.stores.ledger.state(review_space("short"), [id]).get(id, {})
    return {field: event.new for field, event in state.items()}


def paste(page: Page, text: str) -> None:
    """Put a text into the field as one event, with characters that no key writes."""
    page.evaluate(
        "text => { const field = document.getElementById('review-text'); field.value = text;"
        " field.dispatchEvent(new InputEvent('input', {bubbles: true})); }",
        text,
    )
