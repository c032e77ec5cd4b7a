"""The ledger, on SQLite and on PostgreSQL: what is written stays, once, in one line of succession, under one schema."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from evaluator.ledger import NEWEST, Draft, Ledger, SeenRow, open_ledger, review_space
from evaluator.ledger.database import connected, database_url, writing
from evaluator.ledger.history import next_redo, next_undo, taking_back
from explorer.config_files import load
from explorer.errors import ConfigError, LedgerError, LedgerReadOnly, LedgerUnavailable, StaleEdit

SPACE = review_space("commands")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


def draft(subject: str = "u1", new: Any = "hello", field: str = "reference", **more: Any) -> Draft:
    named: dict[str, Any] = {"key": str(uuid4()), "who": "ann", "space": SPACE, **more}
    return Draft(subject=subject, field=field, new=new, **named)


def test_what_is_appended_is_read_back(ledger: Ledger):
    before = datetime.now(UTC)
    row = SeenRow(audio="a.wav", offset=1.5, duration=None, reference="helo")
    one, two = ledger.append(
        [
            draft(old="helo", comment="a typo", seen=row),
            draft("u2", {"tags": ["noise", "שלום 🎉"], "n": 1}, "tags", who="bo"),
        ]
    )
    assert (one.id, two.id) == (1, 2)
    assert (one.who, one.old, one.new, one.comment, one.base) == ("ann", "helo", "hello", "a typo", None)
    assert two.new == {"tags": ["noise", "שלום 🎉"], "n": 1}
    assert timedelta(0) <= one.at - before < timedelta(seconds=60)
    assert ledger.events(SPACE) == [one, two]
    assert ledger.seen_rows([one.seen or ""]) == {row.fingerprint: row}
    assert ledger.revision(SPACE) == 2
    assert ledger.spaces() == [SPACE]


def test_the_state_is_the_newest_of_each_field(ledger: Ledger):
    (first,) = ledger.append([draft(new="one")])
    (second,) = ledger.append([draft(new="two", base=first.id)])
    (decision,) = ledger.append([draft(new="accept", field="decision")])
    (other,) = ledger.append([draft("u2", "three")])
    assert second.old == "one"  # known from its base
    assert ledger.state(SPACE) == {"u1": {"reference": second, "decision": decision}, "u2": {"reference": other}}
    assert ledger.state(SPACE, ["u2", "u3"]) == {"u2": {"reference": other}}
    assert ledger.state(SPACE, []) == {}
    assert ledger.state("review:other") == {}
    assert ledger.events(SPACE, "u1", "reference") == [first, second]
    assert ledger.events(SPACE, after=second.id) == [decision, other]
    latest = ledger.latest(SPACE, "reference").sort_by("subject").to_pydict()
    assert latest["subject"] == ["u1", "u2"]
    assert latest["new"] == ['"two"', '"three"']
    assert latest["id"] == [second.id, other.id]
    assert ledger.latest(SPACE, "rating").num_rows == 0


def test_a_key_is_written_once(ledger: Ledger):
    wanted = draft()
    assert ledger.append([wanted]) == ledger.append([wanted])
    (later,) = ledger.append([draft(new="more", base=1)])
    assert ledger.append([wanted])[0].id == 1  # also when it is no longer the newest
    assert ledger.append([wanted, wanted])[1].id == 1
    assert len(ledger.events(SPACE)) == 2
    with pytest.raises(LedgerError, match="belongs to another edit"):
        ledger.append([draft(new="something else", key=later.key)])


def test_an_edit_over_an_older_state_is_stale_until_it_overrides(ledger: Ledger):
    (first,) = ledger.append([draft()])
    (newer,) = ledger.append([draft(new="bo's", base=first.id, who="bo")])
    for base in (None, first.id, 99):
        with pytest.raises(StaleEdit, match="bo has changed") as stale:
            ledger.append([draft("u2"), draft(new="ann's", base=base)])
        assert stale.value.newer == newer
    assert ledger.events(SPACE) == [first, newer]  # all or none
    (over,) = ledger.append([draft(new="ann's", base=NEWEST)])
    assert (over.base, over.old) == (newer.id, "bo's")
    with pytest.raises(StaleEdit):
        ledger.append([draft("u9", base=7)])


def test_a_chain_may_grow_within_one_call(ledger: Ledger):
    one, two = ledger.append([draft(new="1", base=NEWEST), draft(new="2", base=NEWEST)])
    assert (two.base, two.old) == (one.id, "1")


def test_undo_and_redo_are_events(ledger: Ledger):
    (first,) = ledger.append([draft(new="one", old="zero")])
    (second,) = ledger.append([draft(new="two", base=1)])

    def now() -> Any:
        return ledger.state(SPACE)["u1"]["reference"].new

    assert next_undo(ledger.events(SPACE, "u1"), "ann") == second
    assert next_undo(ledger.events(SPACE, "u1"), "bo") is None
    ledger.append([taking_back(second, who="ann")])
    assert now() == "one"
    ledger.append([taking_back(first, who="ann", base=3)])
    assert now() == "zero"
    assert next_undo(ledger.events(SPACE, "u1"), "ann") is None
    redo = next_redo(ledger.events(SPACE, "u1"), "ann")
    assert redo is not None
    assert redo.undoes == first.id
    ledger.append([taking_back(redo, who="ann")])
    assert now() == "one"
    redo = next_redo(ledger.events(SPACE, "u1"), "ann")
    assert redo is not None
    ledger.append([taking_back(redo, who="ann", base=ledger.revision(SPACE))])
    assert now() == "two"
    assert next_redo(ledger.events(SPACE, "u1"), "ann") is None
    assert [event.undoes for event in ledger.events(SPACE)] == [None, None, 2, 1, 4, 3]


@given(some.lists(some.sampled_from(["edit", "undo", "redo"]), max_size=25))
def test_undo_and_redo_walk_like_an_editor_s(steps: list[str]):
    """Against the plainest model there is: two stacks of texts."""
    from dataclasses import replace

    template = draft()
    events: list[Any] = []
    past, text_now, future = [], "0", []

    def append(one: Draft) -> None:
        from evaluator.ledger.appending import numbered

        head = events[-1] if events else None
        events.append(numbered(replace(one, key=str(len(events))), len(events) + 1, 0.0, head))

    for number, step in enumerate(steps, 1):
        back, again = next_undo(events, "ann"), next_redo(events, "ann")
        if step == "edit":
            append(replace(template, new=str(number), old="0"))
            past, text_now, future = [*past, text_now], str(number), []
        elif step == "undo" and back is not None:
            append(taking_back(back, who="ann"))
            future.append(text_now)
            text_now = past.pop()
        elif step == "redo" and again is not None:
            append(taking_back(again, who="ann"))
            past.append(text_now)
            text_now = future.pop()
        assert (next_undo(events, "ann") is None) == (not past)
        assert (next_redo(events, "ann") is None) == (not future)
        assert (events[-1].new if events else "0") == text_now


def test_the_database_itself_refuses_to_forget(ledger: Ledger, ledger_url: str):
    ledger.append([draft(seen=SeenRow(audio="a", offset=0, duration=1, reference=None))])
    engine = connected(database_url(ledger_url))
    statements = ["UPDATE events SET who = 'x'", "DELETE FROM events", "DELETE FROM seen_rows"]
    statements += ["TRUNCATE events"] if engine.dialect.name == "postgresql" else []
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    twin = (
        "INSERT INTO events (id, key, at, who, space, subject, field, old, new, comment, base) "
        "SELECT 2, 'k', at, who, space, subject, field, old, new, comment, base FROM events"
    )
    with pytest.raises(DBAPIError), engine.begin() as connection:  # no event has two successors
        connection.execute(text(twin))
    engine.dispose()
    assert len(ledger.events(SPACE)) == 1


def test_read_only_refuses_at_the_door(ledger_url: str):
    ledger = Ledger(ledger_url, read_only=True)
    assert ledger.events(SPACE) == []
    with pytest.raises(LedgerReadOnly, match="read-only"):
        ledger.append([draft()])
    ledger.close()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"who": ""}, '"who" must have 1 to 500'),
        ({"who": "a\0b"}, '"who" has the control character U\\+0000 at character 2'),
        ({"comment": "a\x07"}, "U\\+0007"),
        ({"comment": "x" * 20_001}, "20,001 characters"),
        ({"key": "k" * 501}, "it has 501"),
        ({"new": "\ud800"}, "not JSON"),
        ({"new": {1}}, "not JSON"),
        ({"new": "x" * 1_000_001}, "at most 1,000,000"),
    ],
)
def test_what_cannot_be_kept_is_refused(wrong: dict[str, Any], sentence: str):
    with pytest.raises(LedgerError, match=sentence):
        draft(**wrong)


def test_difficult_texts_come_back_as_they_were(ledger: Ledger):
    texts = [
        "x" * 100_000,
        "a\0b",
        "<script>alert(1)</script>",
        "👩‍👩‍👧 مرحبا 你好",
        "\u202e\u200b",
        "",
        None,
        "\\u0000",
    ]
    drafts = [draft(str(place), new) for place, new in enumerate(texts)]
    row = SeenRow(audio="caf\udce9.wav", offset=0.0, duration=1.0, reference="a\0b")
    ledger.append([*drafts, draft("row", "x", seen=row)])
    assert [event.new for event in ledger.events(SPACE)] == [*texts, "x"]
    assert ledger.seen_rows([row.fingerprint])[row.fingerprint].reference == "a\0b"


def test_eight_threads_lose_and_double_nothing(ledger_url: str):
    """Each adds to one counter, over whatever it read; the stale ones try again."""
    ledgers = [Ledger(ledger_url) for _ in range(4)]  # as four processes would, each with its own connections

    def count(ledger: Ledger, who: str) -> None:
        for _ in range(10):
            while True:
                head = ledger.state(SPACE, ["u"]).get("u", {}).get("count")
                new, base = (head.new + 1, head.id) if head else (1, None)
                try:
                    ledger.append([draft("u", new, "count", base=base, who=who)])
                    break
                except StaleEdit:
                    continue

    threads = [threading.Thread(target=count, args=(ledgers[n % 4], f"w{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.new for event in ledgers[0].events(SPACE)] == list(range(1, 81))
    assert [event.id for event in ledgers[0].events(SPACE)] == list(range(1, 81))
    for ledger in ledgers:
        ledger.close()


def test_several_processes_may_open_it_at_once(ledger_url: str):
    code = (
        "import sys; from evaluator.ledger import Ledger, Draft\n"
        "ledger = Ledger(sys.argv[1])\n"
        "draft = Draft(key=sys.argv[2], who='x', space='s', subject=sys.argv[2], field='f', new=1)\n"
        "print(ledger.append([draft])[0].id)"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, ledger_url, f"k{n}"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for n in range(4)
    ]
    answers = [child.communicate(timeout=60) for child in children]
    assert sorted(out.strip() for out, _ in answers) == [b"1", b"2", b"3", b"4"], answers


def test_opening_and_importing_cost_nothing():
    code = (
        "import sys, evaluator.stores\nfrom evaluator.ledger import Ledger\nLedger('sqlite:////nowhere/l.sqlite')\n"
        "assert not [m for m in ('sqlalchemy', 'alembic', 'psycopg') if m in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_a_fingerprint_changes_with_audio_offset_and_reference():
    row = {"audio": "a.wav", "offset": 0.0, "duration": 1.0, "reference": "a"}
    changed = [{"audio": "b.wav"}, {"offset": 0.5}, {"reference": None}, {"reference": ""}]
    fingerprints = [SeenRow(**{**row, **change}).fingerprint for change in [{}, *changed]]  # type: ignore[arg-type]
    assert len(set(fingerprints)) == 5
    # A duration that the source does not say is measured while people already work.
    assert SeenRow(**{**row, "duration": None}).fingerprint == fingerprints[0]  # type: ignore[arg-type]


def test_the_configuration_says_where_it_is(tmp_path: Path):
    ledger = open_ledger(load([], [f"workspace={tmp_path}"]))
    ledger.append([draft()])
    assert (tmp_path / "ledger.sqlite").exists()
    ledger.close()
    elsewhere = open_ledger(load([], [f"ledger.url=sqlite:///{tmp_path}/other.sqlite", "review.read_only=true"]))
    assert elsewhere.read_only
    assert elsewhere.revision(SPACE) == 0
    elsewhere.close()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://host/db", 'begins with "mysql"; known are postgresql and sqlite'),
        ("nonsense", "is not an address"),
        ("sqlite://", "a ledger in memory would lose every edit"),
    ],
)
def test_addresses_that_make_no_sense(url: str, sentence: str):
    with pytest.raises(ConfigError, match=sentence):
        Ledger(url).revision(SPACE)


def test_the_head_is_alembic_s():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from evaluator.ledger.schema import HEAD

    settings = Config()
    settings.set_main_option("script_location", str(ROOT / "evaluator" / "ledger" / "migrations"))
    assert ScriptDirectory.from_config(settings).get_heads() == [HEAD]


def test_a_migrated_database_is_what_the_tables_say(ledger: Ledger, ledger_url: str):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from evaluator.ledger.schema import METADATA

    ledger.revision(SPACE)
    engine = connected(database_url(ledger_url))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert [one for one in differences if one[0] not in ("remove_index", "remove_constraint", "add_constraint")] == []


def test_a_newer_schema_is_refused(ledger: Ledger, ledger_url: str):
    ledger.append([draft()])
    engine = connected(database_url(ledger_url))
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerUnavailable, match="which a newer Earmark made"):
        Ledger(ledger_url).revision(SPACE)


def test_time_is_utc_and_in_order(ledger: Ledger):
    events = [ledger.append([draft(str(number))])[0] for number in range(3)]
    assert all(event.at.tzinfo is UTC for event in events)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert events[0].plain()["at"].endswith("Z")
    assert abs(events[0].at.timestamp() - time.time()) < 60


STEP = some.tuples(some.sampled_from("abc"), some.booleans(), some.sampled_from(["head", "old", "any"]))


@settings(max_examples=25)  # each makes a database
@given(some.lists(STEP, max_size=30))
def test_whatever_is_appended_a_chain_has_one_end(steps: list[tuple[str, bool, str]]):
    """Against the plainest model there is: a list of values for each subject."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "l.sqlite")
        model: dict[str, list[Any]] = {"a": [], "b": [], "c": []}
        sent: list[Draft] = []
        for number, (subject, again, over) in enumerate(steps):
            if again and sent:
                (event,) = ledger.append([sent[number % len(sent)]])
                assert event.key == sent[number % len(sent)].key
                continue
            chain = model[subject]
            head = chain[-1].id if chain else None
            base = {"head": head, "old": chain[0].id if len(chain) > 1 else 99, "any": NEWEST}[over]
            wanted = draft(subject, number, "count", base=base)
            if over == "old":
                with pytest.raises(StaleEdit):
                    ledger.append([wanted])
                continue
            chain += ledger.append([wanted])
            sent.append(wanted)
        events = ledger.events(SPACE)
        assert [event.id for event in events] == list(range(1, len(sent) + 1))
        for subject, chain in model.items():
            assert ledger.events(SPACE, subject) == chain
            assert [event.base for event in chain] == [None, *(event.id for event in chain[:-1])][: len(chain)]
            assert [event.old for event in chain[1:]] == [event.new for event in chain[:-1]]
        ends = {subject: {"count": chain[-1]} for subject, chain in model.items() if chain}
        assert ledger.state(SPACE) == ends
        ledger.close()


def test_what_is_asked_for_often_is_read_once_until_something_is_written(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    (first,) = ledger.append([draft(new="one")])
    asked = []
    read = Ledger.events
    monkeypatch.setattr(Ledger, "events", lambda self, *place: asked.append(place) or read(self, *place))
    ledger.append([Draft(key="elsewhere", who="ann", space="review:other", subject="u1", field="reference", new="x")])
    assert [ledger.lately(SPACE, "u1") for _ in range(3)] == [[first]] * 3
    assert len(asked) == 1
    (second,) = ledger.append([draft(new="two", base=first.id)])
    assert ledger.lately(SPACE, "u1") == [first, second]
    assert len(asked) == 2
    monkeypatch.setattr("evaluator.ledger.ledger.LATELY_SECONDS", -1.0)  # others may have written meanwhile
    ledger.lately(SPACE, "u1")
    assert len(asked) == 3
