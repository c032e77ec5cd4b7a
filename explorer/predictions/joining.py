"""Joining a file of predictions with an open corpus: every row finds its utterance, or is listed with its address.

By sound and time (the default): a row belongs to the utterance of the same sound file that begins at the same offset.
- Files are the same when they are written the same, or when their paths end alike and no other file's path ends more
  alike (``wav/a.wav`` and ``/data/wav/a.wav``; without an ending, ``a`` and ``wav/a.flac``). Where both paths begin
  with a folder that the other lacks (``/home/x/a.wav`` and ``/data/y/a.wav``), their durations must be known and agree.
- Offsets agree within OFFSET_TOLERANCE, durations (where both are known) within DURATION_TOLERANCE: files are written
  with two to four decimals. A channel that both name must be the same.
Never by the path alone: where segments share a file, a row without their offset joins none of them.

By a field: a row belongs to the one utterance with its value in a column; keyed text is joined this way, by the first
of KEY_COLUMNS that the corpus has and that fits, else by the stem of the sound file.

Of several rows for one utterance the first counts. A row is joined, or it is listed as having no hypothesis, as
repeating another, as fitting several utterances, or as fitting none: the five add up to the rows of the file.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.corpora.records import Problem
from explorer.errors import ExpressionError, PredictionError
from explorer.formatting import count
from explorer.places.sound_places import SoundPlaces, Spoken, Tell, path_parts, quietly, stem_of, watched
from explorer.predictions.join_report import AMBIGUOUS, REPEATED, UNMATCHED, WITHOUT_TEXT, JoinReport
from explorer.predictions.prediction_files import Part, PredictionFile, as_text
from explorer.querying.expression import Condition
from explorer.querying.filtering import resolved

KEY_COLUMNS = ("utterance_id", "utt_id", "utt", "id", "segment_id", "recording_id", "key", "name")
LISTED = 2_000
"""Problems that a report lists; all are counted."""
LISTED_MISSED = 200
"""Utterances without a hypothesis that a report lists; all are counted, and a filter finds them."""
LOOKED_UP_AT_ONCE = 500_000


def join(
    corpus: Corpus, path: Path, *, system: str, join_on: str | None, output: Path, tell: Tell = quietly
) -> JoinReport:
    """Write the hypotheses of a file beside ``output`` as an overlay of the corpus (see ``overlay``), and the report.

    ``join_on`` is a column of the corpus, or ``column=field`` when the file calls it otherwise; None is sound and time,
    and for keyed text the column that fits. ``tell`` hears how far it is, and may raise to end it.

    Raises:
        PredictionError: the file cannot be joined at all, or nothing of it fits.
        ManifestError: the file cannot be read.
    """
    if f"hypothesis_{system}" in {column.name for column in corpus.columns}:
        raise PredictionError(f'the corpus has predictions of "{system}" already; give the new ones another name')
    ours, _, theirs = (join_on or "").partition("=")
    file = PredictionFile(path, system=system, theirs=(theirs or ours or None))
    taken = _Taken(corpus.size, path.name)
    parts = _told(_heard(file, taken), taken, tell)
    if file.keyed or ours:
        joined_on = _by_key(corpus, tell, parts, taken, _column(corpus, ours, path) if ours else None)
    else:
        joined_on = _by_sound(corpus, tell, parts, taken)
    report = JoinReport(
        system=system,
        file=path.name,
        format=file.title,
        joined_on=joined_on,
        taken_from=file.taken_from,
        utterances=corpus.size,
        rows=taken.rows,
        joined=len(taken.texts),
        left_out=dict(taken.left_out),
        faulty=taken.faulty,
        problems=tuple(sorted(taken.problems, key=lambda problem: problem.line or 0)),
        missed=_missed(corpus, system, taken),
    )
    if not report.joined:
        raise PredictionError(_nothing_fits(report))
    _write(output, system, taken, report)
    return report


def overlay(corpus: Corpus, path: Path, report: JoinReport) -> Overlay:
    """What ``join`` has written, as columns to lay beside the corpus it was joined with."""
    system = report.system
    help = f"What {system} heard, from {report.file}, joined on {report.joined_on}."
    name = f"hypothesis_{system}"
    column = Column(name=name, label=system, kind="text", help=help, origin="run", system=system)
    columns = [column]
    if time_column(system) in pyarrow.parquet.read_schema(path).names:
        told = f"Seconds that {system} took for the utterance, from {report.file}."
        name = time_column(system)
        columns.append(
            Column(
                name=name, label=f"Time {system}", kind="number", help=told, unit="s", style="decimal", origin="run",
                system=system, hidden=True,
            )
        )  # fmt: skip
    return Overlay(name=f"predictions:{system}", path=path, columns=tuple(columns))


def time_column(system: str) -> str:
    """The column with the seconds that a system took for each utterance, where its file told them."""
    return f"time_{system}"


@dataclass(slots=True)
class _Taken:
    """Which row of the file each utterance has got, and what became of the others; ``seconds`` are those of lines."""

    size: int
    source: str
    texts: dict[int, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    rows: int = 0
    faulty: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def take(self, row: int, line: int, text: str) -> None:
        """Give an utterance its hypothesis, unless an earlier row of the file has."""
        other = self.lines.get(row)
        if other is None or line < other:
            self.lines[row], self.texts[row] = line, text
        if other is not None:
            message = f"the row is for the same utterance as line {min(line, other)}"
            self.leave(max(line, other), message, REPEATED)

    def leave(self, line: int, message: str, kind: str) -> None:
        """Note a row that is joined with nothing."""
        self.left_out[kind] += 1
        self._list(Problem(self.source, line, None, message, kind))

    def fault(self, problem: Problem) -> None:
        """Note a line that the file's format could not read; repeated rows are rows."""
        if problem.kind == "duplicate":
            self.rows += 1
            self.leave(problem.line or 0, problem.message, REPEATED)
        else:
            self.faulty += 1
            self._list(problem)

    def _list(self, problem: Problem) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(problem)


def _heard(file: PredictionFile, taken: _Taken) -> Iterator[Part]:
    """The rows of the file that have a hypothesis; the others are noted."""
    for part in file.parts():
        for problem in part.problems:
            taken.fault(problem)
        taken.rows += len(part.lines)
        taken.seconds.update((n, s) for n, s in zip(part.lines, part.seconds, strict=False) if s is not None)
        kept = [place for place, text in enumerate(part.texts) if text is not None]
        if len(kept) < len(part.lines):
            for place, text in enumerate(part.texts):
                if text is None:
                    taken.leave(part.lines[place], f'the row has no "{file.taken_from}"', WITHOUT_TEXT)
            columns = {name: getattr(part, name) for name in Part.__slots__ if name != "problems"}
            part = Part(**{name: [values[place] for place in kept] for name, values in columns.items() if values})
        yield part


def _told(parts: Iterable[Part], taken: _Taken, tell: Tell) -> Iterator[Part]:
    """The same parts; how many rows that makes is told."""
    for part in parts:
        yield part
        tell(f"{count(taken.rows)} rows of the file read")


def _column(corpus: Corpus, name: str, path: Path) -> Column:
    try:
        return resolved(Condition(name, "empty"), corpus.columns)
    except ExpressionError as error:
        raise PredictionError(f"{path} cannot be joined: {error.reason}") from None


# ---- by a field ----


def _by_key(corpus: Corpus, tell: Tell, parts: Iterable[Part], taken: _Taken, column: Column | None) -> str:
    """Join by the keys of the rows; the words for what they were joined on."""
    rows = [
        (line, key, text)
        for part in parts
        for line, key, text in zip(part.lines, part.keys, part.texts, strict=True)
        if text is not None
    ]
    wanted = {key for _, key, _ in rows if key is not None}
    if column is not None:
        places, words = _places_of(corpus, tell, column.name, wanted), column.label
    else:
        places, words = _fitting_places(corpus, tell, wanted)
    for line, key, text in rows:
        found = places.get(key or "", ())
        if len(found) == 1:
            taken.take(found[0], line, text)
        elif found:
            taken.leave(line, f'"{key}" is the {words} of {len(found)} utterances', AMBIGUOUS)
        else:
            taken.leave(line, f'no utterance has the {words} "{key}"', UNMATCHED)
    return words


def _places_of(corpus: Corpus, tell: Tell, column: str, wanted: set[str]) -> dict[str, list[int]]:
    """The rows of the corpus that have each of these values."""
    places: dict[str, list[int]] = {}
    for batch in watched(corpus, (column,), tell):
        for row, value in zip(batch.column("row").to_pylist(), batch.column(column).to_pylist(), strict=True):
            key = as_text(value)
            if key in wanted:
                places.setdefault(key, []).append(row)
    return places


def _fitting_places(corpus: Corpus, tell: Tell, wanted: set[str]) -> tuple[dict[str, list[int]], str]:
    """The places of keys that nobody has explained: in the first column that has any of them, else as sounds' stems."""
    known = {column.name: column for column in corpus.columns if column.kind in ("text", "number")}
    for name in KEY_COLUMNS:
        if name in known and (places := _places_of(corpus, tell, name, wanted)):
            return places, known[name].label
    ids = sorted(wanted)
    own = {id: [int(row)] for id, row in zip(ids, corpus.rows_of(ids), strict=True) if row >= 0}
    if own:
        return own, "id"
    stems: dict[str, list[int]] = {}
    for batch in watched(corpus, ("audio",), tell):
        for row, audio in zip(batch.column("row").to_pylist(), batch.column("audio").to_pylist(), strict=True):
            stem = stem_of(path_parts(audio)[-1])
            if stem in wanted:
                stems.setdefault(stem, []).append(row)
    return stems, "name of the sound file without its ending"


# ---- by sound and time ----


def _by_sound(corpus: Corpus, tell: Tell, parts: Iterable[Part], taken: _Taken) -> str:
    """Join rows that are written like their utterance at once, by identity; the others by path, offset and duration."""
    rest: list[Spoken] = []
    for part in _gathered(parts):
        found = corpus.rows_of(part.ids)
        for place, known in enumerate(found.tolist()):
            text = part.texts[place]
            if text is None:
                continue
            if known >= 0:
                taken.take(known, part.lines[place], text)
            else:
                times = part.offset[place], part.duration[place]
                rest.append(Spoken(part.lines[place], part.audio[place], *times, part.channel[place], text))
    if rest:
        sounds = SoundPlaces(corpus, {stem_of(path_parts(row.audio)[-1]) for row in rest}, tell=tell)
        for row in rest:
            its, reason, kind = sounds.place(row)
            if its is None:
                taken.leave(row.line, reason, kind)
            else:
                taken.take(its, row.line, row.text)
    return "sound and time"


def _gathered(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts put together, because looking up many identities takes hardly longer than looking up one."""
    whole = Part()
    for part in parts:
        for name in ("lines", "texts", "ids", "audio", "offset", "duration", "channel"):
            getattr(whole, name).extend(getattr(part, name))
        if len(whole.lines) >= LOOKED_UP_AT_ONCE:
            yield whole
            whole = Part()
    yield whole


# ---- what is written ----


def _write(output: Path, system: str, taken: _Taken, report: JoinReport) -> None:
    """The overlay and the report, each whole or not at all; the report last, so that it vouches for the overlay."""
    output.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:8]
    rows = pa.array(np.fromiter(taken.texts, np.int32, len(taken.texts)))
    columns = {"row": rows, f"hypothesis_{system}": pa.array(taken.texts.values(), pa.string())}
    if taken.seconds:
        seconds = [taken.seconds.get(taken.lines[row]) for row in taken.texts]
        columns[time_column(system)] = pa.array(seconds, pa.float64())
    table = pa.table(columns)
    building = output.with_name(f"{output.name}.{mark}")
    pyarrow.parquet.write_table(table, building, compression="zstd")
    building.replace(output)
    telling = report_path(output).with_name(f"{report_path(output).name}.{mark}")
    telling.write_text(report.written(), encoding="utf-8", errors="surrogatepass")
    telling.replace(report_path(output))


def report_path(output: Path) -> Path:
    """Where the report of an overlay is."""
    return output.with_suffix(".json")


def _missed(corpus: Corpus, system: str, taken: _Taken) -> tuple[Problem, ...]:
    without = np.ones(corpus.size, bool)
    without[list(taken.texts)] = False
    rows = np.flatnonzero(without)[:LISTED_MISSED].astype(np.int32)
    message = f"no hypothesis of {system}"
    return tuple(
        Problem(source, line, None, f"{message} for {audio} at {offset:.2f} s", "missing hypothesis")
        for _id, (source, line, audio, offset) in corpus.listed(rows, ("source", "line", "audio", "offset"))
    )


def _nothing_fits(report: JoinReport) -> str:
    first = f" The first: {report.problems[0]}." if report.problems else ""
    more = "; rows can also be joined by a field of both (--join-on FIELD)" if "time" in report.joined_on else ""
    return (
        f"no row of {report.file} ({report.format}, {report.rows:,} rows) fits an utterance, "
        f"joined on {report.joined_on}{more}.{first}"
    )
