"""One utterance, seen and heard: player, reference, other rooms' panels, and everything the manifest says about it."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from explorer.components.cards import facts, panel
from explorer.components.player import player
from explorer.corpora.corpus import Corpus
from explorer.corpora.recordings import recording_of
from explorer.formatting import seconds
from explorer.records import Utterance
from explorer.stores import Stores


def utterance_view(stores: Stores, corpus: Corpus, utterance: Utterance) -> Component:
    """The player and the panels under it; the same beside the table and on the page of its own."""
    drawn = [draw(stores, corpus, utterance) for draw in stores.panels]
    return html.Div(
        [
            html.Div(
                player(
                    corpus.name,
                    utterance,
                    lanes=stores.lanes(corpus, utterance),
                    recording=recording_of(corpus, utterance, through=stores.decoders.opened),
                    in_address=True,
                ),
                className="panel panel-body",
            ),
            _texts(utterance) if not stores.panels else None,
            *(part for part in drawn if part is not None),
            _facts(utterance),
        ],
        className="utterance",
        key=utterance.id,
    )


def _texts(utterance: Utterance) -> Component:
    """Reference and hypotheses as plain texts, for a house without an aligner."""
    texts: dict[str, str | None] = {"Reference": utterance.reference, **utterance.hypotheses}
    return panel("Texts", facts(texts))


def _facts(utterance: Utterance) -> Component:
    known: Mapping[str, object] = {
        "audio": html.Span(utterance.audio, title=str(utterance.path)),
        "duration": seconds(utterance.duration),
        **({"offset": seconds(utterance.offset)} if utterance.offset else {}),
        **({"speaker": utterance.speaker} if utterance.speaker is not None else {}),
        **({"language": utterance.language} if utterance.language is not None else {}),
        **utterance.extra,
        "source": f"{utterance.source}:{utterance.line}",
        "id": html.Code(utterance.id),
    }
    return panel("Metadata", facts(known))
