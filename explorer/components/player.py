"""The player of an utterance: waveform, spectrogram, time line and lanes under one playhead.

The component is an empty element with data attributes; ``assets/player.js`` finds it, draws into it, and follows when
the attributes change, so a page needs no callback for it. What else a page can do with it (play from a click, switch
between the players of a group) is told at the top of that file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from dash import html

from explorer.corpora.recordings import Recording
from explorer.doors.media import address
from explorer.lanes.lane import Lane

if TYPE_CHECKING:
    from explorer.records import Utterance

Picture = Literal["waveform", "spectrogram"]


def player(
    corpus: str,
    utterance: Utterance | str,
    *,
    lanes: Sequence[Lane] = (),
    recording: Recording | None = None,
    pictures: Sequence[Picture] = ("waveform", "spectrogram"),
    group: str | None = None,
    deck: str | None = None,
    label: str | None = None,
    id: str | dict[str, Any] | None = None,
    in_address: bool = False,
) -> html.Div:
    """A player for an utterance of the corpus of that name.

    Args:
        corpus: name of an open corpus.
        utterance: an utterance, or its id.
        lanes: what to draw under the waveform (speech regions, words, turns), seconds from the start of the utterance.
        recording: the other utterances of the same recording, when there are any.
        pictures: what to show; a list of many players has room for the waveform only.
        group: players of one group can be switched between at the same position (``data-switch-to``).
        deck: players of one deck play at the same time and one is heard, so that switching leaves no gap.
        label: what the player is called for people who do not see it.
        id: the component's id.
        in_address: the page's address has ``u=`` with this utterance, and the player keeps its place there too.
    """
    name = utterance if isinstance(utterance, str) else utterance.id
    attributes: dict[str, Any] = {
        "role": "group",
        "aria-label": label or "Player",
        "data-src": address(corpus, name),
        "data-lanes": json.dumps([_lane(lane) for lane in lanes], ensure_ascii=False),
        "data-pictures": " ".join(pictures),
    }
    if recording is not None:
        attributes["data-recording"] = json.dumps(recording.as_json(), ensure_ascii=False)
    if in_address:
        attributes["data-utterance"] = name
    if group is not None:
        attributes["data-group"] = group
    if deck is not None:
        attributes["data-deck"] = deck
    if id is not None:
        attributes["id"] = id
    return html.Div(className="player", **attributes)


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "name": lane.name,
        "kind": lane.kind,
        "segments": [[round(s.start, 3), round(s.end, 3), s.label] for s in lane.segments if s],
        "problem": lane.problem,
    }
