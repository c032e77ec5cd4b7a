"""Every error a user can meet, as one tree.

    SpeechDataError
    ├── ConfigError            a configuration file, key or override is wrong
    ├── ManifestError          a corpus source cannot be read at all (a bad *line* is a Problem, not an error)
    ├── QueryError             a filter, sort or column that does not exist or does not fit
    │   ├── ExpressionError    an expression of the filter box cannot be understood, and where
    │   └── AddressError       another part of an address names what is not there
    ├── UploadError            a file that a browser sent cannot be used
    ├── PredictionError        a file of predictions cannot be joined with a corpus
    ├── UnknownCorpus          no open corpus has that name
    ├── UnknownUtterance       no utterance of the corpus has that id
    ├── AudioError             a sound file cannot be used
    │   ├── MissingAudio       it is not there
    │   ├── ForbiddenAudio     it lies outside the corpus's audio roots
    │   └── UnreadableAudio    it is there and cannot be decoded, or the cut lies outside it
    ├── StorageError           object storage cannot be reached, or refuses
    │   └── MissingObject      there is no such object in it
    ├── EngineError            a recognizer, detector or synthesizer cannot be loaded or run
    │   ├── MissingPackage     a Python package it needs is not installed
    │   ├── ModelError         the model file is missing, truncated or of the wrong kind
    │   └── OutOfMemory        a batch did not fit into memory; a smaller one may
    ├── JobError               a job cannot be submitted, resumed or read
    ├── RunError               a run folder is damaged or does not belong to the corpus
    └── LedgerError            what people said cannot be read or written
        ├── BadEdit            what is to be written is not shaped as it must be
        │   └── Nameless       nobody said who writes
        ├── StaleEdit          somebody else has written about the same thing meanwhile
        ├── RowChanged         the row of the manifest is not the one that was seen
        ├── LedgerReadOnly     nobody may write
        └── LedgerUnavailable  the database is locked, full, unreachable, damaged...

A message is one sentence for the person at the screen: what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SpeechDataError(Exception):
    """Base of all errors that are shown to the user as a sentence instead of a traceback."""


class ConfigError(SpeechDataError):
    """A configuration file, key or override is wrong."""


class ManifestError(SpeechDataError):
    """A corpus source cannot be read at all."""


class QueryError(SpeechDataError):
    """A filter, sort or column does not exist or does not fit its column."""


class ExpressionError(QueryError):
    """An expression of the filter box cannot be understood: what is wrong between ``start`` and ``end``.

    ``start`` and ``end`` count characters of the expression from 0, half-open; the message counts from 1.
    """

    def __init__(self, reason: str, *, start: int, end: int) -> None:
        super().__init__(f"at character {start + 1} of the filter: {reason}")
        self.reason, self.start, self.end = reason, start, end


class AddressError(QueryError):
    """A part of an address, the pair ``wrong``, names what is not there; the page without it has something to show.

    ``title`` says in a few words what is not there.
    """

    def __init__(self, reason: str, *, title: str, wrong: tuple[str, str]) -> None:
        super().__init__(reason)
        self.title, self.wrong = title, wrong


class UploadError(SpeechDataError):
    """A file that a browser sent did not arrive whole, or is too long."""


class PredictionError(SpeechDataError):
    """A file of predictions cannot be joined with a corpus at all (a row that does not fit is a Problem)."""


class UnknownCorpus(SpeechDataError):
    """No open corpus has that name."""


class UnknownUtterance(SpeechDataError):
    """No utterance of the corpus has that id."""


class AudioError(SpeechDataError):
    """A sound file cannot be used."""


class MissingAudio(AudioError):
    """The sound file is not there."""


class ForbiddenAudio(AudioError):
    """The sound file lies outside the corpus's audio roots."""


class UnreadableAudio(AudioError):
    """The sound file cannot be decoded, or the requested cut lies outside it."""


class StorageError(SpeechDataError):
    """Object storage cannot be reached, refuses, or cannot be used with what is installed."""


class MissingObject(StorageError):
    """There is no such object in the storage."""


class EngineError(SpeechDataError):
    """A recognizer, detector or synthesizer cannot be loaded or run."""


class MissingPackage(EngineError):
    """A Python package that the engine needs is not installed."""


class ModelError(EngineError):
    """A model file is missing, truncated or of the wrong kind."""


class OutOfMemory(EngineError):
    """A batch did not fit into memory; a smaller one may."""


class JobError(SpeechDataError):
    """A job cannot be submitted, resumed or read."""


class RunError(SpeechDataError):
    """A run folder is damaged or does not belong to the corpus."""


class LedgerError(SpeechDataError):
    """What people said cannot be read or written; nothing of it was lost silently."""


class BadEdit(LedgerError):
    """What is to be written is not shaped as it must be, or cannot be kept."""


class Nameless(BadEdit):
    """Nobody said who writes."""


class RowChanged(LedgerError):
    """The manifest's row is not the one that was seen; ``row`` is what it says now, ``fingerprint`` names that."""

    def __init__(self, message: str, *, row: Mapping[str, Any], fingerprint: str) -> None:
        super().__init__(message)
        self.row, self.fingerprint = row, fingerprint


class StaleEdit(LedgerError):
    """Somebody else has written about the same thing meanwhile; ``newer`` is their event, None if there is none."""

    def __init__(self, message: str, *, newer: Any) -> None:
        super().__init__(message)
        self.newer = newer


class LedgerReadOnly(LedgerError):
    """Nobody may write to the ledger."""


class LedgerUnavailable(LedgerError):
    """The database is locked, full, unreachable, damaged, or may not be written to."""
