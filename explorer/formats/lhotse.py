"""Lhotse: cuts, or recordings with supervisions; JSON lines, plain or gzip, or the folder they lie in.

    a file of cuts          a cut is an utterance; a cut with several supervisions is one utterance each
    a file of supervisions  each is an utterance; the recordings are in the file beside it whose name has
                            "recordings" in place of "supervisions"
    a file of recordings    each is an utterance without a reference
    a folder                its files of cuts, else its supervisions with their recordings, else its recordings

Times of a supervision count from its cut, those of its alignment from the recording (as lhotse keeps them). Fields:
cut_id, supervision_id, recording_id, channel (counted from 0), speaker, language, gender; what is under ``custom``
keeps its name; a word alignment becomes the field ``words``, a list of ``{"word", "start", "end"}`` in seconds from the
utterance's start. Sources of the type "command" are never run; sound inside a manifest or an archive, mixed cuts of
several sounds, and transforms (speed, volume...) are Problems, because the file alone would be another sound.

Source: https://lhotse.readthedocs.io/en/latest/datasets.html and lhotse/serialization.py, read with lhotse 1.33.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from explorer.errors import ManifestError
from explorer.formats import Batch, Reading, Role
from explorer.formats.lines import peek, sniff
from explorer.formats.rows import SHORTEST_SECONDS, Fault, Row, batches, kind_name, seconds, shown
from explorer.formats.texts import lines_of
from explorer.records import Problem

FIXED_FIELDS = {"audio": "recording", "offset": "start", "duration": "duration", "reference": "text"}
SUFFIXES = (".jsonl", ".jsonl.gz")
SOUND_TYPES = ("file", "url")
LOOKED_AT = 20


def recognizes(path: Path, start: bytes) -> bool:
    """Whether the first line is a cut, a supervision or a recording; for a folder, whether it has such files."""
    return bool(_listed(path)) if path.is_dir() else _kind(start) is not None


def files(path: Path) -> tuple[Path, ...]:
    """The manifests, supervisions with their recordings."""
    found = _listed(path) if path.is_dir() else (path,)
    pairs = (_recordings_beside(file) for file in found if _kind(peek(file)) == "supervisions")
    return tuple(dict.fromkeys((*found, *filter(None, pairs))))


def role(field: str) -> Role:
    """What a field is inside."""
    return Role(name=field)


def read(path: Path, reading: Reading) -> Iterator[Batch]:
    """The utterances.

    Raises:
        ManifestError: a file cannot be read, or supervisions have no recordings beside them.
    """
    found = _listed(path) if path.is_dir() else (path,)
    yield from batches(_utterances(path, found, reading), reading, fixed=tuple(FIXED_FIELDS.values()))


def _utterances(path: Path, found: tuple[Path, ...], reading: Reading) -> Iterator[tuple[Row | Problem | None, int]]:
    before = 0
    for file in found:
        kind = _kind(sniff(file)) or "cuts"
        source = f"{reading.source}/{file.name}" if path.is_dir() else reading.source
        recordings: dict[str, dict[str, Any]] = {}
        if kind == "supervisions":
            beside = _recordings_beside(file)
            if beside is None:
                wanted = file.name.replace("supervisions", "recordings")
                raise ManifestError(f"{file} holds supervisions, and {wanted} with their recordings is not beside it")
            their = f"{reading.source}/{beside.name}" if path.is_dir() else beside.name
            for entry, number, _ in _entries(beside, reading, their):
                if isinstance(entry, Problem):
                    yield entry, before
                elif not isinstance(entry.get("sources"), list):
                    message = "is missing, expected a list with the path of a sound file"
                    yield Problem(their, number, "sources", message, "no audio path"), before
                elif str(entry.get("id")) in recordings:
                    message = f"is {shown(entry.get('id'))}, as that of an earlier line"
                    yield Problem(their, number, "id", message, "duplicate"), before
                else:
                    recordings[str(entry.get("id"))] = entry
            before += beside.stat().st_size
        for entry, number, position in _entries(file, reading, source):
            if isinstance(entry, Problem):
                yield entry, before + position
                continue
            try:
                if kind == "cuts":
                    rows = _apart(_cut(entry, number))
                elif kind == "supervisions":
                    rows = [_supervision(entry, recordings, number)]
                else:
                    rows = [_recording(entry, number)]
            except Fault as fault:
                yield fault.problem(source, number), before + position
                continue
            yield from ((row, before + position) for row in rows)
        before += file.stat().st_size


def _entries(path: Path, reading: Reading, source: str) -> Iterator[tuple[dict[str, Any] | Problem, int, int]]:
    """The objects of a file with their lines and the bytes read by then."""
    for line in lines_of(path, reading, source=source):
        if isinstance(line, Problem):
            yield line, line.line or 0, 0
            continue
        try:
            entry = orjson.loads(line.text)
        except orjson.JSONDecodeError as error:
            reason = str(error).partition(":")[0]
            yield Problem(source, line.number, None, f"broken JSON: {reason}", "broken JSON"), line.number, 0
            continue
        if isinstance(entry, dict):
            yield entry, line.number, line.position
        else:
            message = f"the line is {kind_name(entry)}, expected a JSON object"
            yield Problem(source, line.number, None, message, "not an object"), line.number, 0


def _listed(folder: Path) -> tuple[Path, ...]:
    """The manifests of a folder that are read: cuts, else supervisions, else recordings."""
    by_kind: dict[str, list[Path]] = {"cuts": [], "supervisions": [], "recordings": []}
    for path in sorted(folder.iterdir()):
        if path.name.endswith(SUFFIXES) and path.is_file():
            kind = _kind(peek(path))
            if kind is not None:
                by_kind[kind].append(path)
    return tuple(next(filter(None, by_kind.values()), []))


def _kind(start: bytes) -> str | None:
    """What most of the first lines of a file are."""
    kinds = Counter(map(_kind_of_line, start.split(b"\n")[:LOOKED_AT]))
    del kinds[None]
    return max(kinds, key=lambda kind: kinds[kind], default=None)


def _kind_of_line(line: bytes) -> str | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(entry, dict) or "id" not in entry or "audio_filepath" in entry:
        return None
    if str(entry.get("type", "")).endswith("Cut") or {"start", "recording"} <= entry.keys():
        return "cuts"
    if {"recording_id", "start"} <= entry.keys():
        return "supervisions"
    return "recordings" if {"sources", "sampling_rate"} <= entry.keys() else None


def _recordings_beside(supervisions: Path) -> Path | None:
    """The recordings of a file of supervisions: its own name, plain or gzip."""
    name = supervisions.name.replace("supervisions", "recordings")
    plain = name.removesuffix(".gz")
    names = (name, plain, plain + ".gz")
    return next((p for n in names if n != supervisions.name and (p := supervisions.with_name(n)).is_file()), None)


def _cut(entry: Mapping[str, Any], line: int) -> list[Row]:
    """The utterances of a cut."""
    kind = entry.get("type", "MonoCut")
    if kind == "MixedCut":
        tracks = [_object("tracks", track).get("cut") for track in _list("tracks", entry.get("tracks"))]
        real = [_object("tracks", cut) for cut in tracks if isinstance(cut, dict) and cut.get("type") != "PaddingCut"]
        if len(real) != 1 or entry.get("transforms"):
            raise Fault("tracks", f"mix {len(real)} sounds, and only cuts of one can be shown", "mixed cut")
        return _cut(real[0] | {"id": entry.get("id")}, line)
    if kind not in ("MonoCut", "MultiCut", "Cut"):
        raise Fault("type", f"is {shown(kind)}, which has no sound", "no audio path")
    recording = _object("recording", entry.get("recording"))
    channel = _channel(entry.get("channel"))
    audio = _audio(recording, channel)
    start = _time("start", entry.get("start"), at_least=0.0) or 0.0
    length = _time("duration", entry.get("duration"), at_least=SHORTEST_SECONDS)
    fields = {"cut_id": _id(entry), "recording_id": _id(recording), **_custom(entry)}
    said = [_object("supervisions", part) for part in _list("supervisions", entry.get("supervisions"))]
    if len(said) > 1:
        return [_part(part, line, audio, channel, start, length, fields) for part in said]
    reference = None
    if said:
        fields |= _spoken(said[0], start)
        reference = _reference(said[0])
    if channel is not None:
        fields["channel"] = channel
    return [Row(line=line, audio=audio, offset=start, duration=length, reference=reference, fields=fields)]


def _apart(rows: list[Row]) -> list[Row]:
    """The utterances of one cut, if each can be told from the others."""
    places = {(row.offset, row.duration, row.fields.get("channel")) for row in rows}
    if len(places) < len(rows):
        message = "are two of the same time and channel, which cannot be told apart"
        raise Fault("supervisions", message, "duplicate")
    return rows


def _part(
    said: Mapping[str, Any],
    line: int,
    audio: str,
    channel: int | None,
    start: float,
    length: float | None,
    fields: Mapping[str, Any],
) -> Row:
    """One of several supervisions of a cut, as far as it lies inside it."""
    shift = _time("start", said.get("start"), at_least=-1e9) or 0.0
    lasts = _time("duration", said.get("duration"), at_least=SHORTEST_SECONDS)
    begin = max(0.0, shift)
    ends = [end for end in (None if lasts is None else shift + lasts, length) if end is not None]
    if ends and min(ends) <= begin:
        raise Fault("start", f"is {shown(shift)}: the supervision lies outside its cut", "bad start")
    offset = round(start + begin, 9)
    own = _channel(said.get("channel"))
    channel = channel if own is None else own
    return Row(
        line=line,
        audio=audio,
        offset=offset,
        duration=round(min(ends) - begin, 9) if ends else None,
        reference=_reference(said),
        fields={**fields, **_spoken(said, offset), **({} if channel is None else {"channel": channel})},
    )


def _supervision(said: Mapping[str, Any], recordings: Mapping[str, Mapping[str, Any]], line: int) -> Row:
    """A supervision of a recording."""
    name = said.get("recording_id")
    if not isinstance(name, str) or name not in recordings:
        raise Fault("recording_id", f"is {shown(name)}, which is no recording", "no audio path")
    channel = _channel(said.get("channel"))
    offset = _time("start", said.get("start"), at_least=0.0) or 0.0
    fields: dict[str, Any] = {"recording_id": name, **_spoken(said, offset)}
    if channel is not None:
        fields["channel"] = channel
    return Row(
        line=line,
        audio=_audio(recordings[name], channel),
        offset=offset,
        duration=_time("duration", said.get("duration"), at_least=SHORTEST_SECONDS),
        reference=_reference(said),
        fields=fields,
    )


def _recording(entry: Mapping[str, Any], line: int) -> Row:
    """A whole recording."""
    length = _time("duration", entry.get("duration"), at_least=SHORTEST_SECONDS)
    return Row(line=line, audio=_audio(entry, None), duration=length, fields={"recording_id": _id(entry)})


def _audio(recording: Mapping[str, Any], channel: int | None) -> str:
    """The path of the file that has the channel, of the first one when none is named."""
    if recording.get("transforms"):
        raise Fault("transforms", "change the recording; its file alone is another sound", "transforms")
    sources = [_object("sources", source) for source in _list("sources", recording.get("sources"))]
    having = [source for source in sources if channel is None or channel in _list("channels", source.get("channels"))]
    source = next(iter(having or sources), None)
    if source is None:
        raise Fault("recording", "has no sources, expected the path of a sound file", "no audio path")
    kind, path = source.get("type"), source.get("source")
    if kind == "command":
        raise Fault("source", f"is the command {shown(path)}, which is never run; name a sound file", "command")
    if kind not in SOUND_TYPES:
        raise Fault("source", f"is of the type {shown(kind)}, expected a file", "no audio path")
    if not isinstance(path, str) or not path.strip():
        raise Fault("source", f"is {shown(path)}, expected the path of a sound file", "no audio path")
    return path


def _spoken(said: Mapping[str, Any], offset: float) -> dict[str, Any]:
    """The fields of a supervision; its alignment's times count from the recording's start, like the ``offset``."""
    named = {name: said.get(name) for name in ("speaker", "language", "gender")}
    fields = {"supervision_id": _id(said), **{k: v for k, v in named.items() if v is not None}, **_custom(said)}
    alignment = said.get("alignment")
    words = alignment.get("word") if isinstance(alignment, dict) else None
    if isinstance(words, list) and words:
        fields["words"] = [_word(word, offset) for word in words]
    return fields


def _word(word: Any, origin: float) -> dict[str, Any]:
    """A word of an alignment, [symbol, start, duration, score], in seconds from the utterance's start."""
    if not (isinstance(word, list) and len(word) >= 3 and isinstance(word[0], str)):
        raise Fault("alignment", f"has {shown(word)}, expected [word, start, duration, score]", "wrong type")
    start = _time("alignment", word[1], at_least=-1e9) or 0.0
    length = _time("alignment", word[2], at_least=0.0) or 0.0
    return {"word": word[0], "start": round(start - origin, 9), "end": round(start + length - origin, 9)}


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the user's own; features and arrays stored elsewhere are not read."""
    custom = entry.get("custom")
    return {str(name): value for name, value in custom.items() if name} if isinstance(custom, dict) else {}


def _reference(said: Mapping[str, Any]) -> str | None:
    text = said.get("text")
    if text is not None and not isinstance(text, str):
        raise Fault("text", f"is {shown(text)}, expected text", "wrong type")
    return text


def _channel(value: Any) -> int | None:
    """One channel; several of them (of an array of microphones) are None, which means all."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, list) and all(type(part) is int for part in value)):
        return None
    if type(value) is not int or not 0 <= value < 1000:
        raise Fault("channel", f"is {shown(value)}, expected a number from 0", "wrong type")
    return value


def _time(field: str, value: Any, *, at_least: float) -> float | None:
    expected = "seconds > 0" if at_least == SHORTEST_SECONDS else "seconds >= 0" if at_least == 0 else "seconds"
    return seconds(field, value, expected=expected, at_least=at_least)


def _id(entry: Mapping[str, Any]) -> str | None:
    value = entry.get("id")
    return None if value is None else str(value)


def _object(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(field, f"is {shown(value)}, expected an object", "wrong type")
    return value


def _list(field: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Fault(field, f"is {shown(value)}, expected a list", "wrong type")
    return value
