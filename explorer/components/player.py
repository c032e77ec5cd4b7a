"""The player of an utterance: waveform, spectrogram, time line and segments under one playhead.

The component is an empty element with data attributes; ``assets/player.js`` finds it, draws into it, and follows when
the attributes change, so a page needs no callback for it. What else a page can do with it (play from a click, switch
between the players of a group) is told at the top of that file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from dash import html

from explorer.media import address
from explorer.segments import Segment

if TYPE_CHECKING:
    from explorer.records import Utterance

Lane = Literal["waveform", "spectrogram"]


def player(
    corpus: str,
    utterance: Utterance | str,
    *,
    segments: Sequence[Segment] = (),
    lanes: Sequence[Lane] = ("waveform", "spectrogram"),
    group: str | None = None,
    label: str | None = None,
    id: str | dict[str, Any] | None = None,
) -> html.Div:
    """A player for an utterance of the corpus of that name.

    Args:
        corpus: name of an open corpus.
        utterance: an utterance, or its id.
        segments: what to draw in the lane under the waveform (speech regions, words), seconds from the start of the
            utterance; an empty segment is left out.
        lanes: the pictures to show; a list of many players has room for the waveform only.
        group: players of one group can be switched between at the same position (``data-switch-to``).
        label: what the player is called for people who do not see it.
        id: the component's id.
    """
    name = utterance if isinstance(utterance, str) else utterance.id
    attributes: dict[str, Any] = {
        "role": "group",
        "aria-label": label or "Player",
        "data-src": address(corpus, name),
        "data-segments": json.dumps([[round(s.start, 3), round(s.end, 3), s.label] for s in segments if s]),
        "data-lanes": " ".join(lanes),
    }
    if group is not None:
        attributes["data-group"] = group
    if id is not None:
        attributes["id"] = id
    return html.Div(className="player", **attributes)
