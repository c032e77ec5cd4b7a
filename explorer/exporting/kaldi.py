"""Kaldi data folders: wav.scp, segments, text, utt2spk, spk2utt, utt2dur, and utt2lang, spk2gender where known.

All files are sorted as ``LC_ALL=C sort`` does. Every utterance has a segment; an unknown duration reaches to the
recording's end (-1). Utterances without a text have no line in ``text``. An utterance of unknown speaker is its own
speaker, as Kaldi recommends. Paths are absolute. Source: https://kaldi-asr.org/doc/data_prep.html
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from explorer.exporting import Wanted, Written
from explorer.exporting.spoken import Names, Spoken, joined, one_line, seconds, spoken
from explorer.querying.query import Query

if TYPE_CHECKING:
    from explorer.corpora.corpus import Corpus

FILES = ("segments", "text", "utt2spk", "utt2dur", "utt2lang")


def write(corpus: Corpus, query: Query, path: Path, wanted: Wanted) -> Written:
    """Write the folder; see Writer."""
    rows = corpus.rows(query)
    names = Names(spoken(corpus, rows, wanted))
    keys = [names.utterance(one).encode() for one in spoken(corpus, rows, wanted)]
    ordered = rows[np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)] if keys else rows
    path.mkdir(parents=True, exist_ok=True)
    written = Written()
    recordings: dict[str, str] = {}
    speakers: dict[str, list[str]] = {}
    genders: dict[str, str] = {}
    with ExitStack() as stack:
        files = {name: stack.enter_context((path / name).open("w", encoding="utf-8", newline="\n")) for name in FILES}
        for one in spoken(corpus, ordered, wanted):
            if not one.is_file:
                written.left_out["whose sound is no file of its own"] += 1
                continue
            key, speaker = names.utterance(one), joined(one.speaker or names.utterance(one))
            recordings[names.recording(one)] = one.path
            speakers.setdefault(speaker, []).append(key)
            if one.gender and one.gender[0].lower() in "fm":
                genders[speaker] = one.gender[0].lower()
            _write_one(files, key, speaker, names.recording(one), one)
            written.rows += 1
    _write_pairs(path / "wav.scp", recordings)
    _write_pairs(path / "spk2utt", {speaker: " ".join(keys) for speaker, keys in speakers.items()})
    _write_pairs(path / "spk2gender", genders)
    for name in ("text", "utt2dur", "utt2lang", "spk2gender"):
        if not (path / name).stat().st_size:
            (path / name).unlink()
    return written


def _write_one(files: Mapping[str, TextIO], key: str, speaker: str, recording: str, one: Spoken) -> None:
    end = "-1" if one.duration is None else seconds(one.offset + one.duration)
    channel = "" if one.channel is None else f" {one.channel}"
    files["segments"].write(f"{key} {recording} {seconds(one.offset)} {end}{channel}\n")
    files["utt2spk"].write(f"{key} {speaker}\n")
    if one.text is not None:
        files["text"].write(f"{key} {one_line(one.text)}".rstrip() + "\n")
    if one.duration is not None:
        files["utt2dur"].write(f"{key} {seconds(one.duration)}\n")
    if one.language:
        files["utt2lang"].write(f"{key} {joined(one.language)}\n")


def _write_pairs(path: Path, pairs: dict[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{key} {pairs[key]}\n" for key in sorted(pairs, key=str.encode))
