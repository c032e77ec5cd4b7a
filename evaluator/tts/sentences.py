"""Which sentences are read aloud: typed ones, or those of a corpus; each with the key that joins it to its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from evaluator.tts.room import chosen_sentences
from evaluator.tts.stimulus_set import StimulusSet
from evaluator.tts.synthesis import Line
from explorer.corpora.corpus import Corpus
from explorer.errors import JobError
from explorer.querying.query import Query

MOST = 5000
"""Sentences of one job at most."""


def typed_lines(text: str, stimuli: StimulusSet) -> list[Line]:
    """The sentences of a text, one a line; one that the set has keeps its key. Repeated ones count once.

    Raises:
        JobError: there are too many.
    """
    known = {sentence.text: sentence.key for sentence in stimuli.sentences if sentence.text}
    texts = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
    return _bounded([Line(known.get(text) or key_of(text), text) for text in texts])


def corpus_lines(corpus: Corpus, stimuli: StimulusSet, query: Query) -> list[Line]:
    """The sentences of a stimulus set that a query chooses, or the references of another corpus's rows.

    Raises:
        JobError: there are too many.
        QueryError: the query does not fit the corpus.
    """
    if stimuli.sentences:
        texts = {sentence.key: sentence.text for sentence in stimuli.sentences}
        keys = chosen_sentences(corpus, stimuli, query)
        return _bounded([Line(key, text) for key in keys if (text := texts[key])])
    rows = corpus.rows(query)
    if len(rows) > MOST:
        raise _too_many(len(rows))
    said = (values[0] for _, values in corpus.listed(rows, ("reference",)))
    return [Line(key_of(text), text) for text in dict.fromkeys(text for text in said if text and text.strip())]


def free_name(voice: str, stimuli: StimulusSet, lines: Sequence[Line]) -> str:
    """The system's name for new readings by a voice: its own, or ``voice-2`` where it has read one of them already."""
    number, name = 1, voice
    while any(stimuli.stimulus(line.id, name) is not None for line in lines):
        number += 1
        name = f"{voice}-{number}"
    return name


def key_of(text: str) -> str:
    """The key of a sentence that no corpus names: the same for the same text."""
    return f"t-{blake2b(text.encode(errors='surrogatepass'), digest_size=5).hexdigest()}"


def _bounded(lines: Sequence[Line]) -> list[Line]:
    if len(lines) > MOST:
        raise _too_many(len(lines))
    return list(lines)


def _too_many(number: int) -> JobError:
    return JobError(f"{number:,} sentences are too many for one job, which reads {MOST:,}; choose fewer with a filter.")
