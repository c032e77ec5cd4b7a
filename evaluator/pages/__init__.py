"""The pages of the evaluator room, and what it plugs into the explorer's sockets."""

from __future__ import annotations

from evaluator.components.alignment_panel import alignment_panel
from evaluator.components.normalizer_control import normalizer_control
from evaluator.components.rates_section import rates_section
from evaluator.components.review_panel import review_panel
from evaluator.components.signal_panel import signal_panel
from evaluator.components.transcribe_panel import transcribe_panel
from evaluator.pages import (
    compare,
    errors,
    learning,
    listening,
    measure,
    normalizers,
    progress,
    review,
    rules,
    runs,
    scatter,
    slices,
    synthesize,
    tts,
    voices,
    words,
)
from explorer.stores import Action

PAGES = (
    review,
    progress,
    rules,
    compare,
    learning,
    slices,
    scatter,
    words,
    errors,
    normalizers,
    runs,
    measure,
    tts,
    listening,
    voices,
    synthesize,
)
PANELS = (transcribe_panel, alignment_panel, signal_panel, review_panel)
SECTIONS = (rates_section,)
ACTIONS = (
    Action(
        label="Review",
        path="/review",
        help="Listen to the rows of this view one by one: correct, accept or reject them.",
        icon="bi-check2-square",
    ),
    Action(
        label="Make a rule",
        path="/rules",
        help="Have a recipe reject, tag or change the rows of this filter, here and in every later delivery.",
        icon="bi-list-check",
    ),
    Action(label="Transcribe", path="/runs", help="Run a recognizer on the rows of this view.", icon="bi-mic"),
    Action(
        label="Measure the sound",
        path="/measure",
        help="Level, clipping, bandwidth, SNR and silence of the rows of this view, as columns.",
        icon="bi-speedometer2",
    ),
    Action(
        label="Add predictions",
        path="/predictions",
        help="Join what other systems heard, from a file, with this corpus.",
        icon="bi-diagram-2",
    ),
)
CONTROLS = (normalizer_control,)
