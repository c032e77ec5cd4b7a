"""The form for a new listening test: its fields, the design that they describe, and what it could ask at most."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import html
from dash.development.base_component import Component

from evaluator.listening.design import MOST_SCREENS, ListeningTest, named, new_link
from evaluator.listening.kinds import KINDS, kind_of
from evaluator.listening.plans import units
from evaluator.tts.stimulus_set import StimulusSet
from explorer.components.cards import attributes, help_mark, icon, panel, state
from explorer.errors import ConfigError
from explorer.formatting import count

NOBODY = "-"
"""The value of the reference that says there is none."""

NUMBERS = (
    ("Screens per rater", "per_rater", 1, MOST_SCREENS),
    ("Training screens", "training", 0, 20),
    ("Attention checks", "checks", 0, 20),
    ("Seed", "seed", 0, 2**31),
)
"""The whole numbers of the form: label, name, least and most."""

SUGGESTED = {"per_rater": 20, "training": 2, "checks": 1}

HELP = {
    "per_rater": "Screens that count, for each rater. Which ones is chosen at random so that all are heard equally "
    "often; more than there are is cut to what there is.",
    "training": "Screens at the beginning for getting used to it; their ratings do not count.",
    "checks": "Attention checks: a recording with loud noise on it. Raters who miss more than half are left out.",
    "reference": "Recordings of a person. With sliders they are shown as the reference and hidden among the others.",
    "anchor": "The reference through a 3.5 kHz low-pass, hidden among the others (sliders only).",
    "raters": "One name a line: only these may rate. Empty: everybody who has the link.",
    "seed": "Makes the random choices; kept in the test's file, so that they can be made again.",
}


def form(material: StimulusSet, *, read_only: bool) -> Component:
    """The fields, filled for a stimulus set; what to do when a corpus is none."""
    voices = [*material.names("reference"), *material.names("system")]
    if not material.sentences or not voices:
        return state(
            "bi-megaphone",
            "This corpus has no voices to compare",
            f'Choose a corpus in which several systems read the same sentences; "{material.corpus}" has none.',
        )
    systems = [{"label": name, "value": name} for name in voices]
    references = material.names("reference")
    kinds = [
        {"label": html.Span([html.B(kind.title), html.Small(kind.help)]), "value": kind.name} for kind in KINDS.values()
    ]
    complete = len(material.complete(voices))
    return html.Div(
        [
            panel(
                "What is asked",
                [
                    _field("Title", dbc.Input(id="listening-title", value="", placeholder="Naturalness, round 1")),
                    _field(
                        "Kind", dbc.RadioItems(id="listening-kind", options=kinds, value="acr", className="kinds-list")
                    ),
                    _field(
                        "Question (empty: the kind's own)",
                        dbc.Input(id="listening-question", value="", placeholder=KINDS["acr"].question),
                    ),
                    _field("Instructions for raters", dbc.Textarea(id="listening-instructions", value="", rows=3)),
                ],
            ),
            panel(
                f"What is heard, from {material.corpus}",
                [
                    _field("Systems", dbc.Checklist(id="listening-systems", options=systems, value=voices)),
                    _field(
                        f"Sentences ({count(len(material.sentences))} there, {count(complete)} read by all systems)",
                        dbc.Input(
                            id="listening-sentences",
                            type="number",
                            min=1,
                            max=len(material.sentences),
                            step=1,
                            value=min(20, len(material.sentences)),
                        ),
                    ),
                    _field(
                        "Reference",
                        dbc.Select(
                            id="listening-reference",
                            options=[{"label": "none", "value": NOBODY}, *systems],
                            value=references[0] if references else NOBODY,
                        ),
                        HELP["reference"],
                    ),
                    dbc.Checklist(
                        id="listening-switches",
                        options=[
                            {"label": "Play everything at -23 LUFS", "value": "loudness"},
                            {"label": "Show the sentence while it is heard", "value": "show_text"},
                            {"label": "Hidden anchor (needs sliders and a reference)", "value": "anchor"},
                        ],
                        value=["loudness", "show_text"],
                        switch=True,
                    ),
                ],
            ),
            panel(
                "Who hears how much",
                [
                    html.Div(
                        [
                            _number(label, name, least, most, {**SUGGESTED, "seed": secrets.randbelow(1_000_000)}[name])
                            for label, name, least, most in NUMBERS
                        ],
                        className="listening-numbers",
                    ),
                    _field("Raters", dbc.Textarea(id="listening-raters", value="", rows=2), HELP["raters"]),
                    html.Div(
                        html.Button(
                            [icon("bi-check-lg"), "Make the test"],
                            id="listening-make",
                            type="button",
                            className="btn btn-primary",
                            disabled=read_only,
                        ),
                        className="row-flex",
                    ),
                    html.Div(id="listening-message", **attributes(aria_live="polite")),
                ],
            ),
        ],
        className="listening-form",
    )


def _field(label: str, control: Component, help_text: str = "") -> Component:
    name = html.Label(label, htmlFor=getattr(control, "id", ""))
    head = html.Div([name, help_mark(help_text)], className="row-flex nowrap") if help_text else name
    return html.Div([head, control], className="runs-field")


def _number(label: str, name: str, least: int, most: int, value: int) -> Component:
    control = dbc.Input(id=f"listening-{name}", type="number", min=least, max=most, step=1, value=value)
    return _field(label, control, HELP[name])


def designed(material: StimulusSet, filled: Mapping[str, Any], taken: Sequence[str]) -> ListeningTest:
    """The test that a filled form describes, with sentences chosen by its seed and an id that is not ``taken``.

    Raises:
        ConfigError: what is asked for makes no sense.
    """
    if not str(filled["title"] or "").strip():
        raise ConfigError("Give the test a title; raters will see it.")
    for label, name, least, most in NUMBERS:
        if not least <= _whole(filled[name]) <= most:
            raise ConfigError(f"{label}: a whole number from {least:,} to {most:,} is needed.")
    wanted, switches = list(filled["systems"] or ()), set(filled["switches"] or ())
    kind = kind_of(str(filled["kind"]))
    reference = str(filled["reference"]) if filled["reference"] in wanted else None
    seed = _whole(filled["seed"])
    needed = wanted if kind.holds == "all" else wanted[:0]
    able = [key for key in material.complete(needed) if material.cells[key].keys() & set(wanted)]
    number = min(len(able), max(0, _whole(filled["sentences"])))
    places = np.random.default_rng(seed).permutation(len(able))[:number]
    chosen = tuple(able[place] for place in sorted(places))
    return ListeningTest(
        id=named(str(filled["title"] or ""), taken),
        title=str(filled["title"]).strip(),
        kind=kind.name,
        corpus=material.corpus,
        systems=tuple(wanted),
        sentences=chosen,
        per_rater=_whole(filled["per_rater"]),
        seed=seed,
        link=new_link(),
        question=str(filled["question"] or "").strip(),
        instructions=str(filled["instructions"] or "").strip(),
        training=_whole(filled["training"]),
        checks=_whole(filled["checks"]),
        reference=reference,
        anchor="anchor" in switches,
        loudness="loudness" in switches,
        show_text="show_text" in switches,
        raters=tuple(dict.fromkeys(line.strip() for line in str(filled["raters"] or "").splitlines() if line.strip())),
    )


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else -1


FORM = (
    "title", "kind", "question", "instructions", "systems", "sentences", "reference", "switches", "per_rater",
    "training", "checks", "seed", "raters",
)  # fmt: skip


def most_screens(material: StimulusSet, kind: str, systems: Sequence[str], sentences: Any) -> int | None:
    """How many different screens a test of these has; None where there can be no such test."""
    keys = [sentence.key for sentence in material.sentences[: max(0, _whole(sentences))]]
    probe = _probe(kind, systems, keys)
    if probe is None:
        return None
    cells = {key: frozenset(own) for key, own in material.cells.items()}
    return sum(map(len, units(probe, cells).values()))


def _probe(kind: str, systems: Sequence[str], sentences: Sequence[str]) -> ListeningTest | None:
    if not sentences or len(systems) < (1 if kind_of(kind).holds == "one" else 2):
        return None
    return ListeningTest(
        id="probe", title="", kind=kind, corpus="", systems=tuple(systems), sentences=tuple(sentences), per_rater=1,
        seed=0, link="-" * 16,
    )  # fmt: skip
