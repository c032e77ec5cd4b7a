"""Edits: who was taken for whom, by hand; as many as the scores count; found exactly by their filter."""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

import jiwer
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.commands.score import print_score
from evaluator.comparison_store import CancelledComparison
from evaluator.normalizers.plain import ABSENT
from evaluator.normalizers.registry import NORMALIZERS
from evaluator.scoring.alignment import align, count_texts, text_edits
from evaluator.scoring.edit_store import EditStore, overlay
from evaluator.scoring.edits import parted, write_edits, written
from evaluator.scoring.score_columns import normalizer_of
from evaluator.scoring.scores import ScoreStore
from evaluator.selection import scored
from explorer.corpora.corpus import Corpus
from explorer.querying.parameters import Parameters
from explorer.querying.query import Filter, Query, Test
from tests.evaluator.scored import scored_corpus
from tests.evaluator.scoring.test_alignment_oracles import SCLITE, random_pairs
from tests.evaluator.strategies import texts, tokens
from tests.explorer.manifests import row

odd_words = st.sampled_from(["a", "a;", ";", "→", "−", "+", "***", "-", "it's"])


def listed(corpus: Corpus, column: str) -> list[str | None]:
    return [values[0] for _, values in corpus.listed(corpus.rows(Query()), [column])]


def test_the_edits_of_a_pair_by_hand() -> None:
    #      the cat  sat on     mat
    #      a   cat  sat on the mat  um
    found = text_edits("the cat sat on mat", "a cat sat on the mat um")
    assert found == [("the", "a"), (None, "the"), (None, "um")]
    assert [written(*edit) for edit in found] == ["the\u00a0→\u00a0a", "+\u00a0the", "+\u00a0um"]
    assert text_edits("one two three", "one three") == [("two", None)]
    assert written("two", None) == "−\u00a0two"
    assert text_edits("", "um") == [(None, "um")]
    assert text_edits("um", "") == [("um", None)]
    assert text_edits("um", "um") == text_edits("", "") == []


@given(tokens, tokens)
def test_edits_are_what_the_aligner_draws_and_as_many_as_it_counts(said: list[str], heard: list[str]) -> None:
    found = text_edits(" ".join(said), " ".join(heard))
    assert found == [pair[1:] for pair in align(said, heard).pairs() if pair[0] != "equal"]
    _, substitutions, deletions, insertions, _, _ = count_texts(" ".join(said), " ".join(heard))
    kinds = Counter(parted(written(*edit))[0] for edit in found)
    assert (kinds["substitute"], kinds["delete"], kinds["insert"]) == (substitutions, deletions, insertions)


@given(st.one_of(st.tuples(odd_words, odd_words), st.tuples(odd_words, st.none()), st.tuples(st.none(), odd_words)))
def test_an_edit_is_read_back_whatever_its_words_look_like(edit: tuple[str | None, str | None]) -> None:
    assert parted(written(*edit))[1:] == edit


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.none() | texts, st.none() | texts), min_size=1, max_size=12))
def test_sums_of_edits_are_the_counts_of_the_scores(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str | None, str | None]]
) -> None:
    folder = tmp_path_factory.mktemp("edits")
    batch = pa.record_batch(
        [pa.array(range(len(pairs)), pa.int32()), *(pa.array(side, pa.string()) for side in zip(*pairs, strict=True))],
        names=["row", "reference", "hypothesis_x"],
    )
    for chosen in (known for known in NORMALIZERS.values() if known.version != ABSENT):
        write_edits([batch], chosen, {"x": folder / "x.edits"})
        lines = pyarrow.parquet.read_table(folder / "x.edits").to_pylist()
        for line in lines:
            said, heard = pairs[line["row"]]
            assert said is not None
            assert heard is not None
            counts = count_texts(chosen.apply(said), chosen.apply(heard))
            kinds = Counter(parted(edit)[0] for edit in line["edits_x"].split("; "))
            assert (kinds["substitute"], kinds["delete"], kinds["insert"]) == counts[1:4]
        known = {n for n, (said, heard) in enumerate(pairs) if said is not None and heard is not None}
        erring = {n for n in known if chosen.apply(str(pairs[n][0])) != chosen.apply(str(pairs[n][1]))}
        assert {line["row"] for line in lines} == erring


ODD = [
    row("a.wav", text="a a; b", pred_text_x="a → b"),
    row("b.wav", text="; →", pred_text_x="a; −"),
    row("c.wav", text="− + a", pred_text_x="+ a;"),
    row("d.wav", text="a;", pred_text_x="→ → a;"),
    row("e.wav", text="same", pred_text_x="same"),
    row("f.wav", text="no hypothesis"),
    row("g.wav", text="", pred_text_x="; um"),
    row("h.wav", text="A the", pred_text_x="a The"),
]


def test_the_filter_finds_exactly_the_rows_with_an_edit(tmp_path: Path) -> None:
    store = EditStore()
    with scored(scored_corpus(tmp_path, ODD), "none") as laid:
        corpus = store.lay(laid, Parameters())
        texts_of_rows = [(text or "").split("; ") if text else [] for text in listed(corpus, "edits_x")]
        every = {edit for edits in texts_of_rows for edit in edits}
        assert len(every) > 8
        every |= {written("→", "a"), written("a", "a;"), written(";", None), written(None, "→"), written("A", "b")}
        for edit in every:
            expected = [number for number, edits in enumerate(texts_of_rows) if edit in edits]
            for value in (edit, edit.replace("\u00a0", " ")):
                query = Query((Filter("edits_x", (Test("has", value),)),))
                assert corpus.rows(query).tolist() == expected, edit
                assert Query.from_pairs(query.pairs()) == query
                quoted = value.replace('"', '""')
                assert corpus.rows(Query(where=f'{{edits_x}} has "{quoted}"')).tolist() == expected
            lacking = corpus.rows(Query((Filter("edits_x", (Test("lacks", edit),)),)))
            assert lacking.tolist() == [n for n in range(corpus.size) if n not in expected]
    store.close()


def test_the_filter_says_what_it_does_and_composes(tmp_path: Path) -> None:
    store = EditStore()
    with scored(scored_corpus(tmp_path), "basic") as laid:
        corpus = store.lay(laid, Parameters())
        assert (
            listed(corpus, "edits_tiny")
            == [None, "dog\u00a0→\u00a0dug; −\u00a0off", "+\u00a0um; +\u00a0hello"] + [None] * 3
        )
        query = Query(
            (Filter("edits_tiny", (Test("has", "dog → dug"),)), Filter("edits_large", (Test("lacks", "dog → dug"),))),
            where='{edits_tiny} has "− off" && {wer_tiny} > 10%',
        )
        assert corpus.rows(query).tolist() == [1]
        assert query.sentence(corpus) == (
            "Utterances where Edits tiny has “dog → dug” and Edits large does not have “dog → dug” and Edits tiny has "
            "“− off” and WER tiny is greater than 10.00\u00a0%"
        )
        assert 'Filter with has, such as has "a → the"' in corpus.column("edits_tiny").help
    store.close()


def test_edits_are_made_in_the_background_when_there_are_many_and_an_address_names_them(tmp_path: Path) -> None:
    store, scores = EditStore(at_once=0), ScoreStore(tmp_path / "scores", at_once=10)
    laid = scores.lay(scored_corpus(tmp_path), "basic")
    plain, asking = Parameters(), Parameters((("f", "edits_tiny:has:dog → dug"),))
    assert not [c for c in store.lay(laid, plain).columns if c.name == "edits_tiny"]
    assert not store.pending(laid, plain)
    before = store.revision(laid)
    store.lay(laid, asking)
    assert store.pending(laid, asking) or store.revision(laid) != before
    for _ in range(600):
        if not store.pending(laid, asking):
            break
        store.lay(laid, asking)
        time.sleep(0.05)
    assert listed(store.lay(laid, plain), "edits_tiny")[1] == "dog\u00a0→\u00a0dug; −\u00a0off"
    assert store.revision(laid) != before
    store.close()
    scores.close()


def test_cancelling_leaves_nothing_half_made(tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise CancelledComparison("enough")

    store, scores = EditStore(at_once=0), ScoreStore(tmp_path / "scores", at_once=10)
    laid = scores.lay(scored_corpus(tmp_path), "basic")
    with pytest.raises(CancelledComparison):
        store.with_edits(laid, ["tiny"], stop)
    assert not list((tmp_path / "scores").glob("*.edits*"))
    corpus = store.with_edits(laid, ["tiny"], lambda done, total: None)
    assert [c.name for c in corpus.columns if c.name.startswith("edits_")] == ["edits_tiny"]
    chosen = normalizer_of(corpus)
    assert chosen is not None
    assert overlay(chosen, "tiny", tmp_path).name == "edits:basic-1:tiny"
    store.close()
    scores.close()


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    scores = ScoreStore(tmp_path / "scores")
    laid = scores.lay(scored_corpus(tmp_path), "basic")
    first, second, third = EditStore(), EditStore(), EditStore()
    first.lay(laid, Parameters())
    [damaged] = [path for path in (tmp_path / "scores").glob("*.edits") if b"edits_tiny" in path.read_bytes()]
    damaged.write_bytes(b"PAR1 nothing")
    assert not [c for c in second.lay(laid, Parameters()).columns if c.name == "edits_tiny"]
    assert listed(third.lay(laid, Parameters()), "edits_tiny")[1] == "dog\u00a0→\u00a0dug; −\u00a0off"
    for store in (first, second, third, scores):
        store.close()


def test_edits_equal_jiwers_on_random_pairs() -> None:
    for said, heard in random_pairs(3_000, seed=11):
        chunks = jiwer.process_words(" ".join(said), " ".join(heard)).alignments[0]
        theirs: list[tuple[str | None, str | None]] = []
        for chunk in chunks:
            if chunk.type == "equal":
                continue
            left, right = said[chunk.ref_start_idx : chunk.ref_end_idx], heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
            if chunk.type == "substitute":
                theirs += zip(left, right, strict=True)
            theirs += [(word, None) for word in left] if chunk.type == "delete" else []
            theirs += [(None, word) for word in right] if chunk.type == "insert" else []
        assert text_edits(" ".join(said), " ".join(heard)) == theirs


@pytest.mark.skipif(not SCLITE.exists(), reason="sclite is not installed (Debian package sctk)")
def test_confusions_equal_those_of_sclites_report(tmp_path: Path) -> None:
    """Long sentences of many words with single errors apart from each other: there is only one best alignment."""
    source = random.Random(3)
    said, heard = [], []
    for _ in range(120):
        words = [f"w{source.randrange(40)}x{place}" for place in range(source.randint(6, 20))]
        other = list(words)
        for place in range(0, len(words), 4):
            draw = source.random()
            other[place] = (
                ""
                if draw < 0.2
                else f"{words[place]} um{place}"
                if draw < 0.4
                else f"y{place}"
                if draw < 0.7
                else words[place]
            )
        said.append(" ".join(words))
        heard.append(" ".join(" ".join(other).split()))
    for name, side in (("ref", said), ("hyp", heard)):
        lines = [f"{text} (s_{number:04d})\n" for number, text in enumerate(side)]
        (tmp_path / f"{name}.trn").write_text("".join(lines), encoding="utf-8")
    command = [SCLITE, "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "spu_id", "-o", "dtl", "stdout"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    ours: Counter[tuple[str | None, str | None]] = Counter()
    for pair in zip(said, heard, strict=True):
        ours.update(text_edits(*pair))
    theirs: Counter[tuple[str | None, str | None]] = Counter()
    for title, shape in (
        ("CONFUSION PAIRS", r"->\s+(\S+) ==> (\S+)"),
        ("INSERTIONS", r"->\s+()(\S+)"),
        ("DELETIONS", r"->\s+(\S+)()"),
    ):
        section = re.search(rf"^{title} .*?^ +-------", printed, re.MULTILINE | re.DOTALL)
        assert section, title
        for number, left, right in re.findall(rf"^ *\d+: +(\d+) +{shape}", section[0], re.MULTILINE):
            theirs[left or None, right or None] += int(number)
    assert sum(ours.values()) > 200
    assert theirs == ours


def test_the_command_line_filters_by_edits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = scored_corpus(tmp_path)
    assert print_score(corpus, normalizer="basic", where='{edits_tiny} has "− off"', as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["rows"] == "Utterances where Edits tiny has “− off”"
    assert printed["systems"]["tiny"]["words"] == 4
