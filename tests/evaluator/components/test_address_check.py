"""Addresses of the comparison: unknown names are errors with a way out, what changes nothing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.components.address_check import check_names, ignored
from evaluator.components.compare_controls import block_columns
from evaluator.scoring.scores import ScoreStore
from explorer.corpora.corpus import Corpus
from explorer.errors import AddressError
from explorer.querying.parameters import Parameters
from tests.evaluator.scored import scored_corpus
from tests.explorer.manifests import row

ROWS = [
    row(f"{n}.wav", text="one", pred_text_good="one", pred_text_bad="two", speaker=f"s{n % 2}", key=f"k{n}")
    for n in range(4)
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder: Path = tmp_path_factory.mktemp("addresses")
    return ScoreStore(folder / "scores").lay(scored_corpus(folder, ROWS), "basic")


@pytest.mark.parametrize(
    ("search", "title", "told"),
    [
        ("baseline=goood", "There is no such system", 'no system "goood" is scored here; did you mean "good"?'),
        ("system=good&system=nope", "There is no such system", 'no system "nope" is scored here'),
        ("other=nope", "There is no such system", 'no system "nope" is scored here'),
        ("by=speakr", "There is no such column", 'there is no column "speakr"; did you mean "speaker"?'),
        ("slice=duration:a,b", "There is no such slice", 'there is no column "duration:a,b"; did you mean "duration"?'),
        ("slice=duration:5,2", "There is no such slice", 'the edges of "duration" must rise: 5, 2'),
        ("order=-wre", "There is no such order", 'the standings cannot be ordered by "-wre"; did you mean "wer"?'),
    ],
)
def test_an_unknown_name_is_said_with_the_pair_to_leave_out(corpus: Corpus, search: str, title: str, told: str) -> None:
    with pytest.raises(AddressError) as caught:
        check_names(corpus, Parameters.of(search))
    assert (caught.value.title, str(caught.value)) == (title, told)
    assert "=".join(caught.value.wrong) == search.rpartition("&")[2]


def test_names_that_are_there_and_nothing_at_all_pass(corpus: Corpus) -> None:
    search = (
        "system=good&baseline=bad&other=-&by=-&slice=&slice=duration:2,5&order=-wer&rows=own&show=delta&lf=word:eq:a"
    )
    check_names(corpus, Parameters.of(search))
    assert ignored(Parameters.of(search)) is None


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("systems=nope", '“systems=nope” is not understood here; did you mean "system"?'),
        ("edges=duration:a,b", "“edges=duration:a,b” is not understood here."),
        ("system=good&against=bad", "“against=bad” is not understood here."),
        ("rows=mine", '“rows=mine” is not understood here; it can be "own".'),
    ],
)
def test_what_changes_nothing_is_told(search: str, told: str) -> None:
    banner = ignored(Parameters.of(search))
    assert banner is not None
    assert banner.children[1] == f"A part of the address changes nothing: {told}"


def test_columns_that_tell_every_utterance_apart_hold_none_together(corpus: Corpus) -> None:
    assert block_columns(corpus) == [("speaker", "Speaker")]
    assert [name for name, _ in block_columns(corpus, "key")] == ["speaker", "key"]
