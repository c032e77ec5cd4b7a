"""The store of suspicion: columns of small corpora at once, of big ones in the background, kept on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.normalizers.registry import normalizer
from evaluator.suspicion import SIGNALS
from evaluator.suspicion.building import facts_of, read_facts, written
from evaluator.suspicion.ranking import Choice
from explorer.corpora.corpus import Corpus
from explorer.errors import QueryError
from explorer.querying.parameters import Parameters
from explorer.querying.query import Query
from tests.evaluator.suspected import clean, lacking, ranked, scored, store, suspected

WRONG = {"duration": 0.64, "text": "at eleven", "pred_text_a": "at seven", "pred_text_b": "at seven"}


def rows(size: int = 30) -> list[dict[str, object]]:
    return [clean(n, "a", "b", **(WRONG if n == 17 else {})) for n in range(size)]


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


def table(corpus: Corpus) -> list[dict[str, object]]:
    names = [column.name for column in corpus.columns if column.name.startswith("suspicion")]
    return corpus.page(Query(), 0, corpus.size, names)


def test_a_planted_error_comes_first(tmp_path: Path) -> None:
    corpus = suspected(tmp_path, rows())
    assert ranked(corpus)[0] == 17
    assert corpus.extent(Query(where="{suspicion} > 0.2")).utterances == 1
    assert corpus.extent(Query(where="{suspicion_reasons} contains seven")).utterances == 1


def test_a_choice_is_laid_by_itself(tmp_path: Path) -> None:
    corpus = scored(tmp_path, rows())
    kept = store(tmp_path)
    off = kept.lay(corpus, Choice.of("vote:0,cer:0,pace:0"))
    assert off.numbers("suspicion").max() == 0 or "seven" not in str(table(off)[17]["suspicion_reasons"])
    assert off.numbers("suspicion_vote")[17] > 0.2  # what a signal found does not depend on its weight
    assert kept.lay(corpus, Choice()).numbers("suspicion")[17] > 0.2
    assert kept.lay(corpus, Choice()) is kept.lay(corpus, Choice())


def test_it_is_kept_on_disk(tmp_path: Path) -> None:
    corpus = scored(tmp_path, rows())
    first = table(store(tmp_path).lay(corpus, Choice()))
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "suspicion").iterdir()}
    assert files
    assert table(store(tmp_path).lay(corpus, Choice())) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "suspicion").iterdir()} == files


def test_another_normalizer_gives_other_signals(tmp_path: Path) -> None:
    loud = [clean(n, "a", "b") | {"text": f"{clean(n)['text']}!"} for n in range(30)]
    assert suspected(tmp_path / "basic", loud).numbers("suspicion_vote").max() == 0
    as_written = store(tmp_path).lay(scored(tmp_path / "none", loud, "none"), Choice())
    assert as_written.numbers("suspicion_vote").min() > 0


def test_the_child_process_finds_the_same(tmp_path: Path) -> None:
    corpus = scored(tmp_path, rows())
    at_once = table(store(tmp_path / "one").lay(corpus, Choice()))
    heard: list[str] = []
    kept = store(tmp_path / "two", at_once=0, changed=heard.append)
    assert kept.lay(corpus, Choice()) is corpus
    assert not kept.ready(corpus)
    kept.begin(corpus)
    assert kept.progress(corpus) is not None
    until(lambda: kept.progress(corpus) is None)
    assert table(kept.lay(corpus, Choice())) == at_once
    assert set(heard) == {"test"}
    assert kept.revision("test") > 0


def test_cancelled_stays_cancelled_until_asked_again(tmp_path: Path) -> None:
    corpus = scored(tmp_path, rows())
    kept = store(tmp_path, at_once=0)
    kept.begin(corpus)
    kept.cancel(corpus)
    until(lambda: (now := kept.progress(corpus)) is None or now.cancelled)
    now = kept.progress(corpus)
    assert now is not None
    assert now.cancelled
    kept.begin(corpus)
    assert (now := kept.progress(corpus)) is not None
    assert now.cancelled
    assert not list((tmp_path / "suspicion").glob("*.parquet"))
    kept.again(corpus)
    until(lambda: kept.progress(corpus) is None)
    assert kept.ready(corpus)


def test_an_address_that_names_suspicion_begins_it(tmp_path: Path) -> None:
    corpus = scored(tmp_path, rows())
    kept = store(tmp_path, at_once=0)
    assert kept.lay_for(corpus, Parameters.of("?corpus=test")) is corpus
    kept.lay_for(corpus, Parameters.of("?corpus=test&sort=-wer_a"))
    assert kept.progress(corpus) is None
    kept.lay_for(corpus, Parameters.of("?corpus=test&f=wer_a:gt:0&f=suspicion:gt:0.5"))
    assert kept.working(corpus)
    until(lambda: not kept.working(corpus))
    assert kept.lay_for(corpus, Parameters.of("?signals=vote:0")).numbers("suspicion")[17] < 0.2
    with pytest.raises(QueryError):
        kept.lay_for(corpus, Parameters.of("?signals=vote:x"))


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    kept = store(tmp_path)
    corpus = scored(tmp_path, rows())
    monkeypatch.setattr("evaluator.suspicion.building.pq.write_table", full)
    assert kept.lay(corpus, Choice()) is corpus
    assert (now := kept.progress(corpus)) is not None
    assert "No space left on device" in now.failure


def test_corpora_that_allow_little(tmp_path: Path) -> None:
    empty = suspected(tmp_path / "empty", [])
    assert empty.size == 0
    one = suspected(tmp_path / "one", [clean(0, "a", "b", **WRONG)])
    assert one.numbers("suspicion").tolist() == pytest.approx(one.numbers("suspicion").clip(0, 1).tolist())
    assert one.numbers("suspicion_vote")[0] > 0
    heard_only = [clean(n, "a", "b", text=None) for n in range(30)]
    told = lacking(tmp_path / "heard", heard_only)
    assert told["vote"] == told["cer"] == "there are no references to compare with"


def test_missing_prerequisites_are_told(tmp_path: Path) -> None:
    told = lacking(tmp_path / "none", [clean(n) for n in range(3)])
    assert told["vote"] == "it needs the hypotheses of two systems, and there are none"
    assert told["cer"] == "it needs a system's hypotheses, and there are none"
    assert told["pace"] == "20 references are needed to know what is usual, and there are 3"
    told = lacking(tmp_path / "one", [clean(n, "a") for n in range(30)])
    assert told["vote"] == "it needs the hypotheses of two systems, and there are those of one only"
    assert "cer" not in told
    assert "pace" not in told


def test_facts_survive_the_pipe(tmp_path: Path) -> None:
    facts = facts_of(scored(tmp_path, rows()), normalizer("basic"))
    assert read_facts(written(facts)) == facts
    assert facts.references == 30
    assert facts.systems["a"].substitutions == 1
    assert not any(signal.lacking(facts) for signal in SIGNALS.values() if signal.name in ("vote", "cer", "pace"))
