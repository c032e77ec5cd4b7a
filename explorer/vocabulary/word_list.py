"""Word lists: the words a recognizer or a lexicon knows, and how much of a text lies outside of them (OOV).

A word list is a file with one word a line (what follows white space on a line is ignored, so that Kaldi's words.txt and
pronunciation lexicons can be used), UTF-8, plain or gzip; or any manifest Earmark reads, whose references' words it
then stands for. OOV rates follow the usual convention: the share of *running* words (tokens) that are not in the list,
and the share of *different* words (types).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from explorer.corpora.corpus import Corpus
from explorer.corpora.opening import open_corpus
from explorer.errors import ManifestError
from explorer.vocabulary.words import Folding

GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class WordList:
    """A list of words, as they are written; ``path`` is its file, or the name of the corpus whose words they are.

    ``version`` changes whenever the words do.
    """

    path: Path
    words: frozenset[str]
    version: str

    def folded(self, folding: Folding) -> frozenset[str]:
        """The words under a folding: a text of these words has no other."""
        return _folded(self, folding)


@dataclass(frozen=True, slots=True)
class OutOfVocabulary:
    """How much of a text is outside a word list: different and running words, and of how many each."""

    types: int
    tokens: int
    all_types: int
    all_tokens: int

    @property
    def type_rate(self) -> float | None:
        """The share of different words outside the list; None when there is no word."""
        return self.types / self.all_types if self.all_types else None

    @property
    def token_rate(self) -> float | None:
        """The share of running words outside the list; None when there is no word."""
        return self.tokens / self.all_tokens if self.all_tokens else None


def out_of_vocabulary(counts: Mapping[str, int], known: Iterable[str]) -> OutOfVocabulary:
    """How much of the words that ``counts`` counts is not ``known``."""
    words = known if isinstance(known, Set) else frozenset(known)
    outside = [count for word, count in counts.items() if word not in words]
    return OutOfVocabulary(len(outside), sum(outside), len(counts), sum(counts.values()))


def words_of(corpus: Corpus) -> WordList:
    """The words of a corpus's references as a word list."""
    words = frozenset(word for word, _ in corpus.words(max(1, corpus.counts["vocabulary"])))
    return WordList(Path(corpus.name), words, corpus.content_key)


def read_word_list(path: Path, *, cache: Path) -> WordList:
    """The word list of a file; a manifest is opened like any other, with its cache in ``cache``.

    Raises:
        ManifestError: the file cannot be read, is no text, or has no word.
    """
    try:
        stat = path.stat()
        return _read(path, cache, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise ManifestError(f"the word list {path} cannot be read: {(error.strerror or str(error)).lower()}") from error


@lru_cache(maxsize=16)
def _read(path: Path, cache: Path, size: int, changed: int) -> WordList:
    if path.is_dir():
        return _of_manifest(path, cache)
    content = path.read_bytes()
    try:
        if content.startswith(GZIP):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"the word list {path} is no UTF-8 text ({error}); it needs one word a line, or to be a manifest"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and _is_object(lines[0]):
        return _of_manifest(path, cache)
    words = frozenset(line.split(None, 1)[0] for line in lines)
    if not words:
        raise ManifestError(f"the word list {path} has no word; it needs one word a line, or to be a manifest")
    return WordList(path, words, f"{path} {size} {changed}")


def _of_manifest(path: Path, cache: Path) -> WordList:
    corpus = open_corpus(path.name, [path], cache=cache)
    return replace(words_of(corpus), path=path)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@lru_cache(maxsize=32)
def _folded(listed: WordList, folding: Folding) -> frozenset[str]:
    if folding.function is None:
        return listed.words
    fold = folding.apply()
    return frozenset(word for written in listed.words for word in fold(written))
