"""Characters that do not belong: outside the corpus's alphabet, or of another script than its references have.

The corpus has counted every character of its references. A script is *at home* when it has at least HOME of all
letters; a letter of any other script is foreign. A character is *rare* when it occurs at most FEW times (and 20 in a
million), it is no foreign letter, and its absence elsewhere says something:

    never      ASCII letters where Latin is at home; letters of the scripts in OPEN, which have thousands
    letters    only when the corpus has MANY characters, or too few texts make any letter rare
    the rest   (digits, signs, invisible characters) when the corpus has ENOUGH characters

With k such characters in a reference (each as often as it stands there) a strength is trust * (1 - 2 ** -k).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.suspicion.evidence import Batch, Facts, Finding, Signal
from explorer.formatting import count
from explorer.vocabulary.characters import COMMON, LOOK_ALIKES, script

HOME = 0.02
FEW = 2
PER_MILLION = 20
ENOUGH = 2_000
MANY = 50_000
OPEN = frozenset({"Han", "Hangul", "Hiragana", "Katakana", "Bopomofo"})
ALPHABET_TRUST, SCRIPT_TRUST = 0.6, 0.9
TOLD = 3
"""So many different characters are named."""


def scripts_at_home(alphabet: Mapping[str, int]) -> frozenset[str]:
    """The scripts of the corpus's references."""
    letters: Counter[str] = Counter()
    for character, number in alphabet.items():
        if (its := script(character)) != COMMON:
            letters[its] += number
    return frozenset(its for its, number in letters.items() if number >= HOME * letters.total())


def foreign(alphabet: Mapping[str, int]) -> frozenset[str]:
    """The letters of other scripts."""
    home = scripts_at_home(alphabet)
    return frozenset(character for character in alphabet if script(character) not in home | {COMMON})


def rare(alphabet: Mapping[str, int]) -> frozenset[str]:
    """The rare characters, as the module says."""
    total = sum(alphabet.values())
    home = scripts_at_home(alphabet)
    most = max(FEW, PER_MILLION * total // 1_000_000)

    def tells(character: str) -> bool:
        its = script(character)
        if its == COMMON:
            return total >= ENOUGH and not character.isspace()
        plain = "Latin" in home and character.isascii()
        return its in home and its not in OPEN and not plain and total >= MANY

    return frozenset(character for character, number in alphabet.items() if number <= most and tells(character))


def strength(characters: np.ndarray, trust: float) -> np.ndarray:
    """The strength of numbers of such characters."""
    return np.asarray(trust * (1 - np.exp2(-characters.astype(np.float64))))


def named(character: str) -> str:
    """A character as people can see it: itself where it prints, and its code and name."""
    shown = f"“{character}” " if character.isprintable() and not unicodedata.combining(character) else ""
    name = unicodedata.name(character, "control character").lower()
    like = f", which looks like {LOOK_ALIKES[character]}" if character in LOOK_ALIKES else ""
    return f"{shown}(U+{ord(character):04X} {name}{like})"


def _observing(
    wanted: Callable[[Mapping[str, int]], frozenset[str]], trust: float, told: Callable[[str, Facts], str]
) -> Callable[[Batch, Facts], Mapping[str, pa.Array]]:
    """Count the wanted characters in the references, and name them."""

    def observe(batch: Batch, facts: Facts) -> Mapping[str, pa.Array]:
        characters = wanted(facts.alphabet)
        numbers, found = np.zeros(len(batch)), {}
        if characters:
            texts = batch.values("reference").fill_null("")
            pattern = "[" + "".join(f"\\x{{{ord(one):X}}}" for one in sorted(characters)) + "]"
            having = np.flatnonzero(pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False))
            for row, text in zip(having.tolist(), texts.take(pa.array(having)).to_pylist(), strict=True):
                found[row] = Counter(one for one in text if one in characters)
                numbers[row] = found[row].total()

        def tell(flagged: np.ndarray) -> Iterator[str]:
            for row in flagged.tolist():
                first = [told(one, facts) for one in list(found[row])[:TOLD]]
                rest = len(found[row]) - len(first)
                yield "the reference has " + ", ".join(first) + (f" and {rest} more such characters" if rest else "")

        judged = Finding.told(strength(numbers, trust), tell)
        return judged.observed()

    return observe


def _told_rare(character: str, facts: Facts) -> str:
    times = facts.alphabet[character]
    often = "once" if times == 1 else f"{count(times)} times"
    return f"{named(character)}, which the corpus has {often} in {count(sum(facts.alphabet.values()))} characters"


def _told_foreign(character: str, facts: Facts) -> str:
    home = " and ".join(sorted(scripts_at_home(facts.alphabet)))
    return f"the {script(character)} letter {named(character)} where the corpus is written in {home}"


def _lacks_alphabet(facts: Facts) -> str:
    if not facts.references:
        return "there are no references"
    total = sum(facts.alphabet.values())
    if total >= ENOUGH:
        return ""
    return f"{count(ENOUGH)} characters are needed to know the alphabet, and the references have {count(total)}"


def _lacks_script(facts: Facts) -> str:
    if not facts.references:
        return "there are no references"
    return "" if scripts_at_home(facts.alphabet) else "the references have no letters"


ALPHABET = Signal(
    name="alphabet",
    title="Characters outside the alphabet",
    help="The reference has digits, signs, invisible characters or accented letters that hardly any other reference "
    "has. Letters of other scripts have a signal of their own.",
    unit="characters",
    needs="references of 2,000 characters",
    trust=ALPHABET_TRUST,
    lacking=_lacks_alphabet,
    columns=lambda facts: ("reference",),
    observe=_observing(rare, ALPHABET_TRUST, _told_rare),
    judge=Finding.as_observed,
)
SCRIPT = Signal(
    name="script",
    title="Another script",
    help="The reference has letters of a script in which less than 2 % of the corpus's letters are written: another "
    "language, or single letters that only look right.",
    unit="letters",
    needs="references",
    trust=SCRIPT_TRUST,
    lacking=_lacks_script,
    columns=lambda facts: ("reference",),
    observe=_observing(foreign, SCRIPT_TRUST, _told_foreign),
    judge=Finding.as_observed,
)
