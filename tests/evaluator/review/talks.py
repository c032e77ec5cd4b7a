"""A manifest of six utterances and a broken line, and its ledger, for the tests of the ways out and in."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from evaluator.ledger import NEWEST, Draft, Ledger, SeenRow, review_space
from evaluator.review.exporting import export_review
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.querying.query import Query

LINES = [
    b'{"audio_filepath": "0.wav", "duration": 1.50, "text": "helo world", "x": 1e3, "speaker": "ann"}\n',
    b'{"text":"caf\\u00e9","audio_filepath":"1.wav","duration":2,"note":"caf\\u00e9"}\r\n',
    b'   {"audio_filepath": "2.wav" , "duration": 1.0 , "text": "uh no" }\n',
    b"{broken\n",
    '{"audio_filepath": "3.wav", "duration": 1.0, "text": "grüße", "n": 12345678901234567890123}\n'.encode(),
    b'{"audio_filepath": "4.wav", "duration": 1.0}\n',
    b'{"audio_filepath": "5.wav", "duration": 1.0, "text": "last", "v": NaN}',
]


class Desk:
    """A manifest of six utterances and a broken line, and its ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = folder / "talks.json"
        self.manifest.write_bytes(b"".join(LINES))
        self.ledger = Ledger(folder / "l.sqlite")
        self.open()

    def open(self) -> Corpus:
        self.corpus = open_corpus("talks", [self.manifest], cache=self.folder / "cache")
        listed = self.corpus.listed(self.corpus.rows(Query()), ("audio",))
        self.ids = {values[0]: id for id, values in listed}
        return self.corpus

    def say(self, audio: str, new: Any, field: str = "reference", comment: str = "", who: str = "ann") -> Any:
        utterance = self.corpus.utterance(self.ids[audio])
        return self.ledger.append(
            [
                Draft(
                    key=str(uuid4()), who=who, space=review_space("talks"), subject=utterance.id, field=field, new=new,
                    old=utterance.reference if field == "reference" else None, comment=comment, base=NEWEST,
                    seen=SeenRow.of(utterance),
                )
            ]
        )[0]  # fmt: skip

    def export(self, kind: str = "manifest", query: Query | None = None, **more: Any) -> Path:
        output = self.folder / f"out-{kind}"
        self.told = export_review(self.corpus, self.ledger, query or Query(), output, kind=kind, **more)
        return output
