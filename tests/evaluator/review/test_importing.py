"""The way in: an export again changes nothing, what the ledger says later stays, faults, and imports from a page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluator.ledger import Draft, Ledger, review_space
from evaluator.ledger.history import taking_back
from evaluator.review.corrections import corrections
from evaluator.review.exporting import export_review
from evaluator.review.import_store import Import, ImportStore
from evaluator.review.importing import Imported, import_review
from explorer.errors import LedgerError, ManifestError
from explorer.querying.query import Query
from tests.evaluator.review.talks import LINES, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


@pytest.mark.parametrize("kind", ["differences", "audit", "manifest"])
def test_importing_an_export_again_changes_nothing(desk: Desk, kind: str):
    desk.say("0.wav", "hello world")
    desk.say("2.wav", "reject", "decision", "noise")
    taken = desk.say("3.wav", "x")
    desk.ledger.append([taking_back(taken, who="ann")])
    export = desk.export(kind, rejected="flag")
    before = desk.ledger.events(review_space("talks"))
    told = import_review(desk.corpus, desk.ledger, export, who="importer", cache=desk.folder / "cache")
    assert told.written == 0
    assert desk.ledger.events(review_space("talks")) == before
    # Into an empty ledger it says the same; a second time nothing.
    other = Ledger(desk.folder / "other.sqlite")
    assert import_review(desk.corpus, other, export, who="cy", cache=desk.folder / "cache").written > 0
    assert import_review(desk.corpus, other, export, who="cy", cache=desk.folder / "cache").written == 0
    mine, theirs = desk.ledger, other
    again = desk.folder / "again"
    export_review(desk.corpus, theirs, Query(), again, kind="manifest", rejected="flag")
    assert again.read_bytes() == desk.export("manifest", rejected="flag").read_bytes()
    if kind == "audit":
        plain = [{**event.plain()} for event in theirs.events(review_space("talks"))]
        assert plain == [event.plain() for event in mine.events(review_space("talks"))]
    other.close()


def test_an_old_export_does_not_bring_back_what_was_changed_since(desk: Desk):
    desk.say("0.wav", "hello world")
    export = desk.export("differences")
    desk.say("0.wav", "hello, world!")
    import_review(desk.corpus, desk.ledger, export, who="x", cache=desk.folder / "cache")
    state = desk.ledger.state(review_space("talks"))
    assert state[desk.ids["0.wav"]]["reference"].new == "hello, world!"


def test_an_import_about_other_rows_is_told(desk: Desk):
    desk.say("0.wav", "hello world")
    export = desk.export("differences")
    desk.manifest.write_bytes(LINES[2])
    desk.open()
    other = Ledger(desk.folder / "other.sqlite")
    told = import_review(desk.corpus, other, export, who="x", cache=desk.folder / "cache")
    assert (told.written, told.no_row) == (0, 1)
    other.close()


def differences(desk: Desk, **changes: Any) -> Path:
    """The differences of one correction of the first row, with other values in them."""
    desk.say("0.wav", "hello world")
    path = desk.export("differences")
    record = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(record) + "\n")
    desk.ledger.close()
    desk.ledger = Ledger(desk.folder / "empty.sqlite")
    return path


def state(desk: Desk) -> dict[str, Any]:
    events = desk.ledger.state(review_space("talks")).get(desk.ids["0.wav"], {})
    return {field: event.new for field, event in events.items()}


def bring(desk: Desk, path: Path) -> Imported:
    return import_review(desk.corpus, desk.ledger, path, who="x", cache=desk.folder / "cache")


def test_what_the_ledger_says_later_stays(desk: Desk):
    path = differences(desk, at="2020-01-01T00:00:00Z")
    desk.say("0.wav", "hello, world!")
    told = bring(desk, path)
    assert (told.written, told.older, state(desk)["reference"]) == (0, 1, "hello, world!")


def test_where_a_file_does_not_say_when_what_the_ledger_says_stays(desk: Desk):
    path = differences(desk, at=None)
    desk.say("0.wav", "hello, world!")
    told = bring(desk, path)
    assert (told.written, told.differing, state(desk)["reference"]) == (0, 1, "hello, world!")
    assert told.sentence() == "0 edits written, 0 known already, 1 other than what the ledger says, which stays"


def test_what_was_said_over_another_text_is_a_conflict(desk: Desk):
    told = bring(desk, differences(desk, text_before="hullo world", decision="accept"))
    assert (told.written, told.changed) == (2, 2)
    (row,) = corrections(desk.corpus, desk.ledger).rows
    assert (row.conflicts, row.text, row.decision) == (("decision", "reference"), None, None)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "out-differences:2: this is no JSON"),
        ("[]", "out-differences:2: expected a JSON object"),
        ('{"id": "abc"}', "out-differences:2: it lacks text_after, decision"),
    ],
)
def test_a_damaged_line_is_told_with_its_address(desk: Desk, line: str, sentence: str):
    path = differences(desk)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ManifestError, match=sentence):
        bring(desk, path)
    assert state(desk) == {}


def test_an_undo_in_an_audit_takes_back_the_same_event(desk: Desk):
    desk.ledger.append([taking_back(desk.say("0.wav", "hello"), who="ann")])
    desk.say("0.wav", "hallo")
    path = desk.export("audit")
    other = Ledger(desk.folder / "other.sqlite")
    other.append([Draft(key="first", who="x", space="plan:talks", subject="s", field="f", new=1)])  # shifts numbers
    told = import_review(desk.corpus, other, path, who="x", cache=desk.folder / "cache")
    assert (told.written, told.done, told.total) == (3, 3, 3)
    assert [(event.id, event.undoes) for event in other.events(review_space("talks"))] == [(2, None), (3, 2), (4, None)]
    other.close()


def settled(store: ImportStore) -> Import:
    """The import of the corpus, once it has ended."""
    for _ in range(500):
        now = store.get("talks")
        assert now is not None
        if now.state != "running":
            return now
        time.sleep(0.02)
    raise AssertionError("the import does not end")


def test_imports_run_in_the_background_and_tell_what_became_of_them(desk: Desk):
    content, store = differences(desk).read_bytes(), ImportStore()
    store.begin(desk.corpus, desk.ledger, name="../out.jsonl", content=content, who="cy")
    first = settled(store)
    assert (first.state, first.told.written, first.told.known) == ("done", 1, 0)
    store.begin(desk.corpus, desk.ledger, name="out.jsonl", content=content, who="cy")
    assert (settled(store).told.written, settled(store).told.known) == (0, 1)
    store.begin(desk.corpus, desk.ledger, name="broken.jsonl", content=b"{", who="cy")
    assert settled(store).state == "failed"
    assert settled(store).failure.startswith("broken.jsonl:1: this is no JSON")
    assert store.get("other") is None
    store.close()


def test_one_import_at_a_time_which_can_be_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    path, store = differences(desk), ImportStore()
    held, going = threading.Event(), threading.Event()
    append = desk.ledger.append

    def slow(drafts: Any) -> Any:
        going.set()
        assert held.wait(10)
        return append(drafts)

    monkeypatch.setattr(desk.ledger, "append", slow)
    content = path.read_bytes() + b"".join(
        json.dumps({"id": f"{n:016x}", "text_after": "x", "decision": None}).encode() + b"\n" for n in range(3000)
    )
    store.begin(desk.corpus, desk.ledger, name="a", content=content, who="cy")
    assert going.wait(10)
    with pytest.raises(LedgerError, match="a is being imported"):
        store.begin(desk.corpus, desk.ledger, name="b", content=content, who="cy")
    store.cancel("talks")
    held.set()
    assert settled(store).state == "cancelled"
    assert settled(store).told.written == 1  # what was written stays
    store.close()


def test_nothing_is_imported_where_everything_can_only_be_read(desk: Desk):
    content, store = differences(desk).read_bytes(), ImportStore()
    reading = Ledger(desk.folder / "empty.sqlite", read_only=True)
    desk.say("2.wav", "reject", "decision")
    store.begin(desk.corpus, reading, name="a", content=content, who="cy")
    assert settled(store).state == "failed"
    assert "read-only" in settled(store).failure
    store.close()
    reading.close()
