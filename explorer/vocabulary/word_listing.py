"""The vocabulary of a corpus as a Listing: every word with its counts, accuracies, spellings, and the way to its rows.

Conventions: words are those of a Folding (explorer/vocabulary/words.py), which is at the same time the normalizer of
the accuracies laid beside them, so that their mean is the mean word accuracy shown elsewhere. ``accuracy_<system>``
is hits divided by the occurrences that were scored (a fraction; no value where none was). ``first`` and ``last`` are
row numbers of the corpus. A word leads to exactly the utterances it was counted in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer.columns import Column
from explorer.corpora.ingest import OTHER_SPACES
from explorer.querying.listing import Listing
from explorer.querying.query import Filter, Query, Test
from explorer.vocabulary.words import Folding

ANY_SPACE = r"[\s\v\pZ\x{1c}-\x{1f}\x{85}]"
"""What ``str.split`` splits at, as RE2 says it."""

LONGEST_PATTERN = 6_000
"""Characters of a filter's pattern; spellings beyond it are left out, the rarest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordAccuracy:
    """What a system made of every reference word: ``words`` has word, count (occurrences that were scored) and hits.

    ``version`` changes whenever the words do.
    """

    system: str
    words: pa.Table
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyFacts:
    """A vocabulary in numbers: running and different words, and how many of these occur once (hapax legomena)."""

    tokens: int
    types: int
    once: int


def facts(counts: pa.Table) -> VocabularyFacts:
    """The numbers of counted words."""
    occurrences = counts["count"].to_numpy()
    return VocabularyFacts(tokens=int(occurrences.sum()), types=counts.num_rows, once=int((occurrences == 1).sum()))


def words_listing(
    counts: pa.Table, folding: Folding, *, known: frozenset[str] | None = None, accuracies: Sequence[WordAccuracy] = ()
) -> Listing:
    """The words of the references; ``known`` are the words of a word list, if there is one."""
    folded = folding.function is not None
    content: dict[str, pa.Array | pa.ChunkedArray] = {"word": counts["word"], "count": counts["count"]}
    content["utterances"] = counts["utterances"]
    columns = [
        _column("word", "Word", f"A word of the references. {folding.help}", kind="text", style="text"),
        _column("count", "Count", "How often the word occurs in the references."),
        _column("utterances", "Utterances", "In how many utterances the word occurs."),
    ]
    if known is not None:
        inside = pc.is_in(counts["word"], value_set=pa.array(sorted(known), pa.string()))
        content["oov"] = pc.invert(inside)
        columns.append(_column("oov", "OOV", "Whether the word is missing from the word list.", kind="flag"))
    if folded:
        content["variants"] = pa.array(variants(counts), pa.string())
        content["spelled_ways"] = pc.list_value_length(counts["spellings"])
        one_way = not counts.num_rows or pc.max(content["spelled_ways"]).as_py() == 1
        told = "How the word is written in the references, the most frequent spelling first, with counts."
        columns.append(_column("variants", "Written", told, kind="text", style="text", hidden=one_way))
        told = "In how many ways the word is written."
        columns.append(_column("spelled_ways", "Spellings", told, hidden=one_way))
    for one in accuracies:
        made, described = _accuracy(counts["word"], one)
        content |= made
        columns += described
    for name, label in (("first", "First seen"), ("last", "Last seen")):
        content[name] = counts[name]
        columns.append(_column(name, label, f"The {name} utterance with the word, in the order of the source."))
    rest = {name: counts[name] for name in ("spellings", "spelled")}
    return Listing(content=pa.table(content | rest), columns=tuple(columns), searched=("word",))


def variants(counts: pa.Table, *, limit: int = 6) -> list[str]:
    """The most frequent spellings of every word, as text: "cat 12, Cat 3"."""
    written = []
    for forms, numbers in zip(counts["spellings"].to_pylist(), counts["spelled"].to_pylist(), strict=True):
        shown = [f"{form} {number:,}" for form, number in zip(forms[:limit], numbers, strict=False)]
        written.append(", ".join(shown) + (", …" if len(forms) > limit else ""))
    return written


def _accuracy(words: pa.ChunkedArray, one: WordAccuracy) -> tuple[dict[str, pa.Array], list[Column]]:
    place = pc.index_in(words, value_set=one.words["word"].combine_chunks())
    occurrences, hits = (one.words[name].take(place) for name in ("count", "hits"))
    counted = pc.if_else(pc.equal(occurrences, 0), pa.scalar(None, pa.int64()), occurrences)
    accuracy = pc.divide(hits.cast(pa.float64()), counted.cast(pa.float64()))
    system = one.system
    told = f"How often {system} recognized the word: hits divided by occurrences that were scored. Higher is better."
    columns = [
        _column(f"accuracy_{system}", system, told, style="percent", unit="%", better="higher", system=system),
        _column(f"hits_{system}", f"Hits {system}", f"How often {system} recognized the word.", hidden=True),
        _column(f"scored_{system}", f"Scored {system}", f"Occurrences {system} was scored on.", hidden=True),
    ]
    return dict(zip((column.name for column in columns), (accuracy, hits, occurrences), strict=True)), columns


def heard_listing(
    reference: pa.Table, heard: Mapping[str, pa.Table], folding: Folding, *, known: frozenset[str] | None = None
) -> Listing:
    """The words that systems say and that are in no reference; ``heard`` has the counted words of every system."""
    sums: dict[str, dict[str, tuple[int, int]]] = {}
    for system, counts in heard.items():
        new = counts.filter(pc.invert(pc.is_in(counts["word"], value_set=reference["word"].combine_chunks())))
        for word, number, first in zip(*(new[name].to_pylist() for name in ("word", "count", "first")), strict=True):
            sums.setdefault(word, {})[system] = number, first
    words = sorted(sums, key=lambda word: (-sum(n for n, _ in sums[word].values()), word))
    content: dict[str, pa.Array] = {
        "word": pa.array(words, pa.string()),
        "count": pa.array([sum(n for n, _ in sums[word].values()) for word in words], pa.int64()),
        "systems": pa.array([len(sums[word]) for word in words], pa.int64()),
    }
    columns = [
        _column("word", "Word", f"A word that no reference has. {folding.help}", kind="text", style="text"),
        _column("count", "Count", "How often the systems say the word, all together."),
        _column("systems", "Systems", "How many systems say the word."),
    ]
    if known is not None:
        content["oov"] = pa.array([word not in known for word in words], pa.bool_())
        columns.append(_column("oov", "OOV", "Whether the word is missing from the word list.", kind="flag"))
    for system in heard:
        numbers = [sums[word].get(system, (0, 0))[0] for word in words]
        content[f"count_{system}"] = pa.array(numbers, pa.int64())
        columns.append(_column(f"count_{system}", system, f"How often {system} says the word.", system=system))
    content["first"] = pa.array([min(first for _, first in sums[word].values()) for word in words], pa.int64())
    told = "The first utterance in which a system says the word, in the order of the source."
    columns.append(_column("first", "First heard", told))
    most = [max(sums[word], key=lambda system, word=word: sums[word][system][0]) for word in words]  # type: ignore[misc]
    content["loudest"] = pa.array(most, pa.string())
    return Listing(content=pa.table(content), columns=tuple(columns), searched=("word",))


def saying(spellings: Iterable[str], alphabet: Iterable[str] | None = None, *, column: str = "reference") -> Query:
    """The utterances whose text has one of these written words: whole words, exactly as ``str.split`` finds them.

    ``alphabet`` is that of the texts, if it is known: a simpler pattern will do where no odd white space is.
    Of very many spellings, the last ones are left out (LONGEST_PATTERN).
    """
    forms: list[str] = []
    for spelling in spellings:
        forms.append(escaped(spelling))
        if len(forms) > 1 and sum(map(len, forms)) + len(forms) > LONGEST_PATTERN:
            forms.pop()
            break
    plain = alphabet is not None and not set(alphabet) & {*OTHER_SPACES, "\v"}
    space = "\\s" if plain else ANY_SPACE
    inner = forms[0] if len(forms) == 1 else f"({'|'.join(forms)})"
    return Query(filters=(Filter(column, (Test("matches", f"(^|{space}){inner}({space}|$)"),)),))


def escaped(text: str) -> str:
    """A text as a pattern of RE2 that means only itself."""
    return "".join(
        character
        if character.isalnum() or character == "_" or (not character.isascii() and character.isprintable())
        else f"\\x{{{ord(character):x}}}"
        if not character.isprintable()
        else f"\\{character}"
        for character in text
    )


def ranks(counts: pa.Table, *, points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Some ranks (from 1), evenly spaced on a logarithmic axis, and the counts of the words of that rank."""
    size = counts.num_rows
    if not size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    chosen = np.unique(np.round(np.geomspace(1, size, points)).astype(np.int64))
    return chosen, counts["count"].to_numpy()[chosen - 1]


def sample(size: int, *, points: int = 2_000) -> np.ndarray:
    """Places of at most ``points`` of ``size`` words: half of them the most frequent, the rest evenly spaced."""
    if size <= points:
        return np.arange(size)
    first = points // 2
    return np.unique(np.append(np.arange(first), np.linspace(first, size - 1, points - first).astype(np.int64)))


def _column(name: str, label: str, help: str, **options: object) -> Column:
    given = {"kind": "number", "style": "integer", "origin": "derived"} | options
    return Column(name=name, label=label, help=help, **given)  # type: ignore[arg-type]
