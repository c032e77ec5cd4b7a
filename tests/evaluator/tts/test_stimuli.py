"""Stimulus sets: every way to load one, gaps that stay visible, problems in words, and what the set promises."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.tts.stimuli import StimulusSets, is_tts, stimulus_set
from evaluator.tts.stimulus_set import StimulusSet
from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import QueryError
from tests.explorer.manifests import write_manifest, write_sound


def corpus_of(folder: Path, *manifests: tuple[str, Sequence[dict[str, Any]]]) -> Corpus:
    """One corpus of manifests by their paths; sounds are named by number where a row names none."""
    sources = []
    for name, rows in manifests:
        lines = [{"audio_filepath": f"{number}.wav", "duration": 1.0, **row} for number, row in enumerate(rows)]
        sources.append(write_manifest(folder / name, lines))
    return open_corpus("voices", sources, cache=folder / "cache")


def drawing(found: StimulusSet) -> str:
    """The set as a picture: a line for each sentence, a mark for each reading that is there."""
    names = [system.name for system in found.systems]
    head = " ".join(["   ", *names])
    rows = [
        " ".join([f"{s.key:3}", *(("x" if found.stimulus(s.key, n) else "-").ljust(len(n)) for n in names)]).rstrip()
        for s in found.sentences
    ]
    return "\n".join([head, *rows])


def test_rows_with_a_system_are_a_set_and_gaps_stay_visible(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"sentence_id": "b", "system": "mid", "text": "one two"},
        {"sentence_id": "a", "system": "high", "text": "three"},
        {"sentence_id": "a", "system": "low", "text": "three"},
        {"sentence_id": "b", "system": "high", "text": "one two"},
        {"sentence_id": "a", "system": "mid", "text": "free"},
        {"sentence_id": "a", "system": "high", "text": "three"},
        {"sentence_id": "a", "system": None, "text": "three"},
        {"system": "high", "text": ""},
    ]
    corpus = corpus_of(tmp_path, ("m.json", rows))
    assert is_tts(corpus)
    found = stimulus_set(corpus)
    assert drawing(found) == "    high low mid\nb   x    -   x\na   x    x   x"
    assert found.missing() == (("b", "low"),)
    assert found.complete(["high", "mid"]) == ("b", "a")
    assert found.complete(["low"]) == ("a",)
    assert [(s.name, s.role, s.sentences, s.seconds) for s in found.systems] == [
        ("high", "system", 2, 2.0),
        ("low", "system", 1, 1.0),
        ("mid", "system", 2, 2.0),
    ]
    cell = found.stimulus("a", "high")
    assert cell is not None
    assert corpus.utterance(cell.id).line == 2
    assert found.by_id()[cell.id] == cell
    assert found.problems == (
        "m.json:7 lacks a system and is left out.",
        "m.json:8 has neither a sentence_id nor a text and is left out.",
        "m.json:6 reads a sentence again that its system has read before, and is left out.",
        "m.json:5 has another text than the first reading of its sentence, which is shown.",
    )


def test_one_manifest_for_each_system_is_joined_on_text(tmp_path: Path) -> None:
    texts = [{"text": "one"}, {"text": "two"}]
    corpus = corpus_of(tmp_path, ("slow/fast-pitch.json", texts), ("vits/manifest.json", texts[1:]))
    found = stimulus_set(corpus)
    assert is_tts(corpus)
    assert drawing(found).splitlines() == ["    fast-pitch vits", "one x          -", "two x          x"]


def test_ids_that_no_two_systems_share_give_way_to_the_texts(tmp_path: Path) -> None:
    first = [{"text": "one", "sentence_id": "p1"}, {"text": "two", "sentence_id": "p2"}]
    second = [{"text": "two", "sentence_id": "q1"}, {"text": "one", "sentence_id": "q2"}]
    found = stimulus_set(corpus_of(tmp_path, ("p/p.json", first), ("q/q.json", second)))
    assert drawing(found) == "    p q\np1  x x\np2  x x"


def test_a_row_without_an_id_joins_the_sentence_that_has_its_text(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "one", "sentence_id": 1, "system": "a"},
        {"text": "one", "sentence_id": 1, "system": "b"},
        {"text": "one", "system": "c"},
    ]
    assert drawing(stimulus_set(corpus_of(tmp_path, ("m.json", rows)))) == "    a b c\n1   x x x"


def test_results_of_several_systems_share_their_recordings_and_voices(tmp_path: Path) -> None:
    def results(system: str, numbers: Sequence[int]) -> None:
        lines = [
            {"gt_text": f"text {n}", "gt_audio_filepath": str(tmp_path / f"gt{n}.wav")}
            | {"pred_audio_filepath": f"predicted_audio_{n}.wav", "context_audio_filepath": str(tmp_path / "v.wav")}
            for n in numbers
        ]
        write_manifest(tmp_path / system / "results.json", lines)
        for n in numbers:
            write_sound(tmp_path / system / f"predicted_audio_{n}.wav", seconds=1 + n)

    for n in range(2):
        write_sound(tmp_path / f"gt{n}.wav")
    write_sound(tmp_path / "v.wav")
    results("vits", [0, 1])
    results("xtts", [1])
    sources = [tmp_path / system / "results.json" for system in ("vits", "xtts")]
    corpus = open_corpus("results", sources, cache=tmp_path / "cache", roots=[tmp_path])
    found = stimulus_set(corpus)
    assert [(s.name, s.role) for s in found.systems] == [
        ("reference", "reference"),
        ("vits", "system"),
        ("xtts", "system"),
        ("context", "context"),
    ]
    assert [sorted(found.cells[s.key]) for s in found.sentences] == [
        ["context", "reference", "vits"],
        ["context", "reference", "vits", "xtts"],
    ]
    assert found.missing() == (("text 0", "xtts"),)
    assert found.names("reference") == ("reference",)
    assert not corpus.problems
    assert not found.problems


def test_folders_of_voices_are_a_set_with_their_recordings_marked(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "texts.txt").write_text("s1|Mr. A\ns2|B|bee\n", encoding="utf-8")
    for name in ("vits/s1.wav", "vits/s2.wav", "Human/s2.wav"):
        write_sound(tmp_path / "set" / name)
    found = stimulus_set(open_corpus("set", [tmp_path / "set"], cache=tmp_path / "cache"))
    assert [(s.name, s.role, s.sentences) for s in found.systems] == [("Human", "reference", 1), ("vits", "system", 2)]
    assert {s.key: (s.text, s.spoken) for s in found.sentences} == {"s1": ("Mr. A", None), "s2": ("B", "bee")}


def test_what_is_no_set_is_none(tmp_path: Path) -> None:
    plain = corpus_of(tmp_path, ("m.json", [{"text": "one"}, {"text": "two"}]))
    assert not is_tts(plain)
    assert stimulus_set(plain).sentences == ()
    halves = corpus_of(tmp_path, ("a/a.json", [{"text": "one"}]), ("b/b.json", [{"text": "two"}]))
    assert not is_tts(halves)


def test_a_part_of_a_set_has_its_own_counts_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    rows = [{"text": t, "system": s} for t in ("one", "two") for s in ("a", "b")]
    found = stimulus_set(corpus_of(tmp_path, ("m.json", rows)))
    part = found.only(sentences=["two"], systems=["b"])
    assert drawing(part) == "    b\ntwo x"
    assert part.systems[0].sentences == 1
    with pytest.raises(QueryError, match='no system "c"'):
        found.only(systems=["c"])


@settings(max_examples=30, deadline=None)
@given(cells=st.sets(st.tuples(st.integers(0, 5), st.sampled_from("abc")), min_size=1), order=st.randoms())
def test_every_row_has_its_cell_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, cells: set[tuple[int, str]], order: Any
) -> None:
    rows = [{"text": f"text {n}", "sentence_id": f"s{n}", "system": system} for n, system in sorted(cells)]
    order.shuffle(rows)
    found = stimulus_set(corpus_of(tmp_path_factory.mktemp("set"), ("m.json", rows)))
    assert {(r.sentence, r.system) for r in found.readings()} == {(f"s{n}", system) for n, system in cells}
    assert len(found.missing()) == len(found.sentences) * len(found.systems) - len(cells)
    assert sum(system.sentences for system in found.systems) == len(cells)
    assert [s.key for s in found.sentences] == list(dict.fromkeys(row["sentence_id"] for row in rows))
    assert not found.problems


def test_a_thousand_sentences_by_ten_systems_are_there_within_two_seconds_and_made_once(tmp_path: Path) -> None:
    rows = [
        {"text": f"text {n}", "system": f"s{k}", "audio_filepath": f"{n}-{k}.wav"}
        for n in range(1000)
        for k in range(10)
    ]
    corpus = corpus_of(tmp_path, ("m.json", rows))
    sets = StimulusSets()
    began = time.process_time()
    found = sets.of(corpus)
    assert time.process_time() - began < 2
    assert (len(found.sentences), len(found.systems), found.missing()) == (1000, 10, ())
    assert sets.of(corpus) is found
    json.dumps([stimulus.id for stimulus in found.readings()])
