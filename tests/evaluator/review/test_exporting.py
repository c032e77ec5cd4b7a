"""The way out and back: bytes of untouched rows stay, conflicts are never applied."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evaluator.ledger import Ledger
from evaluator.ledger.history import taking_back
from evaluator.review.corrections import corrections
from evaluator.review.json_line import changed
from explorer.querying.query import Query
from tests.evaluator.review.talks import LINES, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def test_untouched_lines_keep_every_byte(desk: Desk):
    good = [line for line in LINES if line != b"{broken\n"]
    assert desk.export().read_bytes() == b"".join(good)
    assert desk.told.sentence == ("6 utterances written, 0 of them changed, 1 lines that are no utterances left out")


def test_a_correction_changes_the_text_and_keeps_the_original(desk: Desk):
    desk.say("0.wav", "hello world")
    desk.say("1.wav", 'thé "new"')
    desk.say("3.wav", "Grüße 🎉")
    desk.say("4.wav", "something after all")
    taken = desk.say("5.wav", "typo")
    desk.ledger.append([taking_back(taken, who="ann")])
    assert desk.export().read_bytes() == b"".join(
        [
            b'{"audio_filepath": "0.wav", "duration": 1.50, "text": "hello world", "x": 1e3, "speaker": "ann", '
            b'"text_original": "helo world"}\n',
            b'{"text":"th\\u00e9 \\"new\\"","audio_filepath":"1.wav","duration":2,"note":"caf\\u00e9",'
            b'"text_original":"caf\\u00e9"}\r\n',
            LINES[2],
            '{"audio_filepath": "3.wav", "duration": 1.0, "text": "Grüße 🎉", "n": 12345678901234567890123, '
            '"text_original": "grüße"}\n'.encode(),
            b'{"audio_filepath": "4.wav", "duration": 1.0, "text": "something after all", "text_original": null}\n',
            LINES[6],
        ]
    )


def test_what_was_accepted_before_its_text_was_changed_says_so(desk: Desk):
    desk.say("0.wav", "accept", "decision")
    desk.say("2.wav", "accept", "decision")
    desk.say("0.wav", "hello world", who="bo")
    records = [json.loads(line) for line in desk.export("differences").read_text().splitlines()]
    states = ["applies; accepted before the text was changed by bo", "applies"]
    assert [(one["decision"], one["state"]) for one in records] == [("accept", state) for state in states]
    said = corrections(desk.corpus, desk.ledger).rows
    assert [one.changed_by for one in said] == ["bo", None]
    desk.say("0.wav", "accept", "decision", who="bo")
    assert [one.changed_by for one in corrections(desk.corpus, desk.ledger).rows] == [None, None]


def test_rejected_rows_are_left_out_flagged_or_kept(desk: Desk):
    desk.say("0.wav", "reject", "decision", "cut off")
    desk.say("2.wav", "reject", "decision")
    desk.say("4.wav", "accept", "decision")
    assert desk.export().read_bytes() == b"".join([LINES[1], LINES[4], LINES[5], LINES[6]])
    assert "2 rejected ones left out" in desk.told.sentence
    flagged = desk.export(rejected="flag").read_bytes().splitlines()
    assert flagged[0].endswith(b'"speaker": "ann", "rejected": "cut off"}')
    assert flagged[2] == b'   {"audio_filepath": "2.wav" , "duration": 1.0 , "text": "uh no", "rejected": true }'
    assert desk.export(rejected="keep").read_bytes().count(b"\n") == 5


def test_only_a_filter_s_rows(desk: Desk):
    desk.say("0.wav", "hello world")
    desk.say("3.wav", "x")
    out = desk.export(query=Query(where="{duration} > 1.2")).read_bytes()
    assert [json.loads(line)["audio_filepath"] for line in out.splitlines()] == ["0.wav", "1.wav"]
    assert len(desk.export("decisions", query=Query(where="{duration} > 1.2")).read_text().splitlines()) == 2


def test_a_conflict_is_shown_and_never_applied(desk: Desk):
    desk.say("0.wav", "hello world")
    desk.say("0.wav", "reject", "decision", "noise")
    desk.say("2.wav", "no")
    changed_line = LINES[0].replace(b"helo world", b"hallo world")
    desk.manifest.write_bytes(b"".join([LINES[2], changed_line, *LINES[4:]]))
    desk.open()
    (conflict,) = corrections(desk.corpus, desk.ledger).conflicts
    assert (conflict.conflicts, conflict.text, conflict.decision) == (("decision", "reference"), None, None)
    lines = desk.export().read_bytes().splitlines(keepends=True)
    assert lines[1] == changed_line
    assert json.loads(lines[0])["text"] == "no"
    assert desk.told.not_applied == 1
    assert "1 not corrected, because their rows have changed" in desk.told.sentence
    records = [json.loads(line) for line in desk.export("differences").read_bytes().splitlines()]
    assert [record["state"] for record in records] == ["applies", "conflict: decision, reference"]
    desk.say("0.wav", "hello world")  # saved again over the new row
    assert corrections(desk.corpus, desk.ledger).conflicts[0].conflicts == ("decision",)
    assert json.loads(desk.export().read_bytes().splitlines()[1])["text"] == "hello world"


def test_edits_of_a_row_that_is_gone_are_told_with_what_may_be_meant(desk: Desk):
    desk.say("0.wav", "hello world")
    desk.manifest.write_bytes(b"".join([LINES[0].replace(b"1.50", b"1.75"), *LINES[4:]]))
    desk.open()
    (lost,) = corrections(desk.corpus, desk.ledger).gone
    assert lost.seen is not None
    assert (lost.seen.audio, lost.alike) == ("0.wav", (desk.ids["0.wav"],))
    assert "1 edits belong to rows that are gone" in (desk.export(), desk.told.sentence)[1]
    assert "gone; perhaps" in desk.export("decisions").read_text()


def test_an_exported_manifest_is_no_conflict_when_it_is_opened(desk: Desk):
    desk.say("0.wav", "hello world")
    desk.say("0.wav", "accept", "decision")
    first = desk.export().read_bytes()
    desk.manifest.write_bytes(first)
    desk.open()
    assert corrections(desk.corpus, desk.ledger).conflicts == ()
    assert desk.export().read_bytes() == first
    desk.say("0.wav", "hello, world")  # corrected once more: the first original stays
    again = json.loads(desk.export().read_bytes().splitlines()[0])
    assert (again["text"], again["text_original"]) == ("hello, world", "helo world")


def test_decisions_are_a_table(desk: Desk):
    desk.say("0.wav", "hello, world")
    desk.say("0.wav", "reject", "decision", "two people, at once", who="bo")
    desk.say("2.wav", ["noise", "cut"], "tags")
    desk.say("2.wav", "listen again", "comment")
    rows = list(csv.DictReader(desk.export("decisions").open(newline="", encoding="utf-8")))
    assert [row["id"] for row in rows] == [desk.ids["0.wav"], desk.ids["2.wav"]]
    assert (rows[0]["text_before"], rows[0]["text_after"]) == ("helo world", "hello, world")
    assert (rows[0]["decision"], rows[0]["reason"], rows[0]["who"]) == ("reject", "two people, at once", "bo")
    assert (rows[1]["tags"], rows[1]["comment"], rows[1]["decision"]) == ("noise, cut", "listen again", "")


def test_a_source_of_another_format_becomes_a_manifest(tmp_path: Path):
    table = tmp_path / "talks.csv"
    table.write_text("path,sentence,speaker\n0.wav,helo,ann\n1.wav,fine,bo\n")
    desk = Desk.__new__(Desk)
    desk.folder, desk.manifest, desk.ledger = tmp_path, table, Ledger(tmp_path / "l.sqlite")
    desk.open()
    desk.say("0.wav", "hello")
    lines = [json.loads(line) for line in desk.export().read_bytes().splitlines()]
    assert [(line["text"], line["speaker"]) for line in lines] == [("hello", "ann"), ("fine", "bo")]
    assert lines[0]["text_original"] == "helo"
    desk.ledger.close()


KEYS = some.text(max_size=5)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(some.dictionaries(KEYS, VALUES, max_size=5), some.dictionaries(KEYS, VALUES, max_size=4), some.booleans())
def test_a_changed_line_says_what_a_changed_object_says(entry: dict[str, Any], values: dict[str, Any], ascii: bool):
    line = json.dumps(entry, ensure_ascii=ascii).encode(errors="surrogatepass")
    made = json.loads(changed(line + b"\n", values))
    assert made == {**entry, **values}
    assert list(made) == list({**entry, **values})
    assert changed(line, {}) == line
