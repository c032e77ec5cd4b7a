"""The door for edits: what it takes, what it refuses and in which words; presence; names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from evaluator.doors import review_door
from evaluator.ledger import NEWEST, Draft, Ledger, SeenRow, review_space
from evaluator.review.presence import GONE_SECONDS, PresenceBoard, in_words
from explorer.config_files import load
from explorer.corpora.opening import open_corpus
from explorer.doors.security import guard
from explorer.errors import UnknownCorpus

DOOR = "/api/review/talks/events"


def write_manifest(path: Path, *texts: str | None) -> Path:
    rows = [{"audio_filepath": f"{n}.wav", "duration": 1.0, "text": text} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Room:
    """A server with one corpus of three utterances, and its ledger."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.folder = folder
        self.config = load([], [f"workspace={folder}", f"cache.folder={folder / 'cache'}", *overrides])
        self.ledger = Ledger(folder / "ledger.sqlite", read_only=self.config.review.read_only)
        self.load("helo", "a\0b", None)
        self.server = Flask("room")
        guard(self.server, self.config.server)
        review_door.register(self.server, SimpleNamespace(config=self.config, library=self, ledger=self.ledger))  # type: ignore[arg-type]
        self.client = self.server.test_client()
        self.keys = 0

    def load(self, *texts: str | None) -> None:
        manifest = write_manifest(self.folder / "talks.json", *texts)
        self.corpus = open_corpus("talks", [manifest], cache=self.folder / "cache")
        self.ids = [self.corpus.listed(self.corpus.rows(_all())[:3], ("audio",))[n][0] for n in range(3)]

    def get(self, name: str) -> Any:
        if name != "talks":
            raise UnknownCorpus(f'no corpus "{name}" is open')
        return self.corpus

    def seen(self, place: int = 0) -> str:
        return SeenRow.of(self.corpus.utterance(self.ids[place])).fingerprint

    def edit(self, new: Any, place: int = 0, **more: Any) -> dict[str, Any]:
        self.keys += 1
        named = {"key": f"k{self.keys}", "subject": self.ids[place], "field": "reference", "who": "ann", **more}
        return {"new": new, **named}

    def post(self, *edits: Any, door: str = DOOR, **more: Any) -> TestResponse:
        return self.client.post(door, json={"edits": list(edits)}, **more)


def _all() -> Any:
    from explorer.querying.query import Query

    return Query()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.ledger.close()


def test_an_edit_is_written_with_what_was_there_before(room: Room):
    answer = room.post(room.edit("hello 🎉 <b>שלום</b>", seen=room.seen(), comment="typo"))
    assert answer.status_code == 200
    (event,) = answer.get_json()["events"]
    assert (event["id"], event["who"], event["old"], event["new"]) == (1, "ann", "helo", "hello 🎉 <b>שלום</b>")
    assert (event["comment"], event["seen"], event["base"]) == ("typo", room.seen(), None)
    assert answer.get_json()["revision"] == 1
    assert room.ledger.events(review_space("talks"))[0].plain() == event
    news = room.client.get(f"{DOOR}?after=0").get_json()
    assert news == {"events": [event], "revision": 1}
    assert room.client.get(f"{DOOR}?after=1&subject={room.ids[0]}").get_json() == {"events": [], "revision": 1}


def test_the_same_key_again_is_the_same_event(room: Room):
    edit = room.edit("hello")
    assert room.post(edit).get_json() == room.post(edit).get_json()


def test_a_newer_edit_is_shown_before_it_is_written_over(room: Room):
    room.post(room.edit("ann's"))
    answer = room.post(room.edit("bo's", who="bo"))
    assert (answer.status_code, answer.get_json()["kind"]) == (409, "stale")
    assert answer.get_json()["newer"]["new"] == "ann's"
    assert answer.get_json()["error"] == 'ann has changed "reference" meanwhile; nothing was saved.'
    assert room.post(room.edit("bo's", who="bo", base=NEWEST)).get_json()["events"][0]["old"] == "ann's"


def test_a_row_that_changed_underneath_is_shown(room: Room):
    seen = room.seen()
    room.load("hallo", "a", None)  # the manifest has another text now
    answer = room.post(room.edit("hello", seen=seen))
    assert (answer.status_code, answer.get_json()["kind"]) == (409, "row")
    assert answer.get_json()["row"]["reference"] == "hallo"
    assert answer.get_json()["seen"] == room.seen() != seen
    assert room.ledger.revision(review_space("talks")) == 0
    assert room.post(room.edit("hello", seen=room.seen())).get_json()["events"][0]["old"] == "hallo"


def test_undo_names_what_it_takes_back(room: Room):
    room.post(room.edit("clean", 1))
    nothing = room.post(room.edit("a\0b", 1, undoes=7, base=1))
    assert "There is no event 7" in nothing.get_json()["error"]
    # What was there once may be there again, even a control character that could not be typed.
    back = room.post(room.edit("a\0b", 1, undoes=1, base=1))
    assert back.get_json()["events"][0]["undoes"] == 1
    assert room.post(room.edit("a\0c", 1, base=2)).status_code == 422


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"new": "a\0b"}, "The text has a control character (U+0000) at place 2; take it out"),
        ({"new": "\x1b[31m"}, "U+001B"),
        ({"new": "x" * 200_001}, "The text has 200,001 characters; at most 200,000 can be saved."),
        ({"new": 3}, "The text is not a text."),
        ({"field": "decision", "new": "maybe"}, "The decision is none of accept, reject."),
        ({"field": "tags", "new": "noise"}, "The tags are not a list of words."),
        ({"field": "tags", "new": ["x" * 101]}, "more than 100 characters"),
        ({"field": "tags", "new": ["x"] * 51}, "are 51"),
        ({"field": "audio", "new": "x"}, 'There is no field "audio" to edit'),
        ({"new": "a", "base": "1"}, '"base" of an edit must be the number of an event'),
        ({"new": "a", "comment": 1}, '"comment" of an edit must be a text'),
        ({"new": "a", "coment": "x"}, 'An edit has no "coment".'),
        ({"new": "a", "key": ""}, '"key" must have 1 to 500 characters'),
        ({"new": "a", "comment": "x" * 20_001}, "The comment has 20,001 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(room: Room, edit: dict[str, Any], sentence: str):
    answer = room.post(room.edit(**edit))
    assert answer.status_code == 422
    assert sentence in answer.get_json()["error"]
    assert room.ledger.revision(review_space("talks")) == 0


def test_difficult_texts_are_kept(room: Room):
    texts = ["x" * 100_000, "a tab\tand  two spaces", "<script>alert(1)</script>", "\u202eabc", "é" * 1000, ""]
    for text in texts:
        assert room.post(room.edit(text, base=NEWEST)).status_code == 200
    assert [event.new for event in room.ledger.events(review_space("talks"))] == texts


def test_a_text_is_one_line_unless_the_manifest_s_is_not(room: Room):
    room.load("one\ntwo", "a", "b")
    for new in ("one \r\n\ttwo\u2028three\n", "one\ntwo"):  # the second is the manifest's own
        assert room.post(room.edit(new, base=NEWEST)).status_code == 200
    events = room.ledger.events(review_space("talks"))
    assert [event.new for event in events] == ["one two three", "one\ntwo"]
    assert room.post(room.edit("a\nb", place=1, field="comment")).status_code == 200
    assert room.ledger.events(review_space("talks"))[-1].new == "a\nb"  # a comment may have lines


def test_nothing_but_white_space_is_the_empty_text(room: Room):
    room.load("  ", "a", "b")
    for new in (" \t\u3000\n", "", "x"):
        assert room.post(room.edit(new, base=NEWEST)).status_code == 200
    assert room.post(room.edit("  ", base=NEWEST)).status_code == 200  # the manifest's own
    assert [event.new for event in room.ledger.events(review_space("talks"))] == ["", "", "x", "  "]


def test_other_sites_and_other_shapes_are_refused(room: Room):
    body = json.dumps({"edits": [room.edit("x")]})
    plain = room.client.post(DOOR, data=body, content_type="text/plain")
    assert (plain.status_code, plain.get_json()["kind"]) == (422, "bad")
    foreign = room.post(room.edit("x"), headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert "another site" in room.post(room.edit("x"), headers={"Sec-Fetch-Site": "cross-site"}).get_json()["error"]
    for data in (b"{", b"[]", b'{"edits": 3}', b'{"edits": []}', b'{"edits": [3]}', b'{"edits": [{}]}', b"\xff"):
        answer = room.client.post(DOOR, data=data, content_type="application/json")
        assert answer.status_code in (401, 422), data
    assert room.post(*[room.edit("x")] * 1001).status_code == 422
    assert room.ledger.revision(review_space("talks")) == 0


def test_what_is_not_there_is_told(room: Room):
    assert room.post(room.edit("x"), door="/api/review/nowhere/events").status_code == 404
    answer = room.post({**room.edit("x"), "subject": "0" * 16})
    assert (answer.status_code, answer.get_json()["kind"]) == (404, "unknown")


def test_one_bad_edit_keeps_the_others_out(room: Room):
    assert room.post(room.edit("x"), room.edit("y\0", 1)).status_code == 422
    assert room.post(room.edit("x"), room.edit("y")).status_code == 409
    assert room.ledger.revision(review_space("talks")) == 0


def test_too_large_a_request_is_a_sentence(tmp_path: Path):
    room = Room(tmp_path, "server.max_request_mb=1")
    answer = room.client.post(DOOR, data=b"x" * (2 << 20), content_type="application/json")
    assert (answer.status_code, answer.get_json()["kind"]) == (413, "large")


def test_read_only_refuses_every_write(tmp_path: Path):
    room = Room(tmp_path, "review.read_only=true")
    answer = room.post(room.edit("x"))
    assert (answer.status_code, answer.get_json()["kind"]) == (403, "read_only")
    assert room.client.get(DOOR).get_json() == {"events": [], "revision": 0}


def test_a_database_that_is_away_is_a_sentence(room: Room):
    room.ledger.close()
    (room.folder / "ledger.sqlite").unlink(missing_ok=True)
    (room.folder / "ledger.sqlite").mkdir()
    answer = room.post(room.edit("x"))
    assert (answer.status_code, answer.get_json()["kind"]) == (503, "unavailable")
    assert "cannot be opened; nothing was saved" in answer.get_json()["error"]


def test_a_name_is_typed_once(room: Room):
    nameless = {name: value for name, value in room.edit("x").items() if name != "who"}
    assert room.post(nameless).get_json()["kind"] == "nameless"
    assert room.client.get("/api/review-name").get_json() == {"who": "", "login": False}
    told = room.client.post("/api/review-name", json={"name": "  Zoë \n van\tdyk  "})
    assert told.get_json()["who"] == "Zoë van dyk"
    assert "SameSite=Strict" in told.headers["Set-Cookie"]
    assert room.client.get("/api/review-name").get_json()["who"] == "Zoë van dyk"
    assert room.post(nameless).get_json()["events"][0]["who"] == "Zoë van dyk"
    assert room.client.post("/api/review-name", json={"name": " \0 "}).status_code == 401


def test_a_login_header_is_the_only_name_that_counts(tmp_path: Path):
    room = Room(tmp_path, "review.login_header=X-Remote-User")
    assert "The login sent no name" in room.post(room.edit("x")).get_json()["error"]
    login = {"X-Remote-User": "bo"}
    assert room.post(room.edit("x", who="ann"), headers=login).get_json()["events"][0]["who"] == "bo"
    assert room.client.get("/api/review-name", headers=login).get_json() == {"who": "bo", "login": True}
    assert room.client.post("/api/review-name", json={"name": "ann"}, headers=login).status_code == 422


def test_presence_says_who_else_is_here_and_what_they_did(room: Room):
    def sign(who: str, place: int = 0, **more: Any) -> dict[str, Any]:
        body = {"subject": room.ids[place], "who": who, **more}
        return dict(room.client.post("/api/review/talks/presence", json=body).get_json())

    assert sign("ann", editing=True)["present"] == []
    seen_by_bo = sign("bo")
    assert seen_by_bo["others"] == "ann is editing this"
    assert seen_by_bo["present"][0] == {"who": "ann", "editing": True, "seconds": pytest.approx(0, abs=5)}
    assert seen_by_bo["names"] == ["ann", "bo"]
    (event,) = room.post(room.edit("hello")).get_json()["events"]
    assert sign("bo", after=0)["events"] == [event]
    assert sign("bo", after=1)["events"] == []
    assert sign("bo", place=1)["others"] == ""  # ann is elsewhere
    assert sign("ann", after=1)["others"] == ""  # bo has left
    assert room.client.post("/api/review/talks/presence", json={"subject": "x", "after": "y"}).status_code == 422


def test_people_who_gave_no_sign_are_gone():
    now = [0.0]
    board = PresenceBoard(lambda: now[0])
    board.sign("s", "u", "ann", editing=False)
    now[0] = GONE_SECONDS - 1
    board.sign("s", "u", "bo", editing=True)
    assert [(p.who, p.seconds) for p in board.at("s", "u")] == [("bo", 0.0), ("ann", GONE_SECONDS - 1)]
    assert in_words(board.at("s", "u")) == "bo is editing this; ann looks at this, too"
    now[0] += 2
    assert [p.who for p in board.at("s", "u")] == ["bo"]
    board.sign("s", "v", "cy", editing=False)
    assert board.names() == ["bo", "cy"]


def test_edits_outlive_reload_reordering_and_added_rows(room: Room):
    room.post(room.edit("hello", seen=room.seen()))
    before = room.ids[0]
    manifest = room.folder / "talks.json"
    lines = manifest.read_text().splitlines()
    more = json.dumps({"audio_filepath": "new.wav", "duration": 1.0, "text": "new"})
    manifest.write_text("\n".join([more, *reversed(lines)]) + "\n")
    room.corpus = open_corpus("talks", [manifest], cache=room.folder / "cache")
    assert room.corpus.utterance(before).row == 3
    assert room.ledger.state(review_space("talks"), [before])[before]["reference"].seen == room.seen()


def test_a_draft_for_the_ledger_is_made_of_the_row_itself(room: Room):
    """An ``old`` that is sent is not believed."""
    event = room.post(room.edit("hello", old="something else")).get_json()["events"][0]
    assert event["old"] == "helo"
    assert Draft(**{k: event[k] for k in ("key", "who", "space", "subject", "field", "new")}).old is None
