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

import itertools
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from explorer.columns import Column
from explorer.corpora.corpus import Corpus, Overlay
from explorer.errors import ExpressionError, PredictionError
from explorer.formatting import count
from explorer.predictions.elsewhere import Elsewhere
from explorer.predictions.join_report import AMBIGUOUS, UNMATCHED, WITHOUT_TEXT, JoinReport
from explorer.predictions.key_places import KeyPlaces
from explorer.predictions.prediction_files import Part, PredictionFile
from explorer.predictions.sound_places import Tell, quietly, stem_of_path
from explorer.predictions.taken import Taken
from explorer.querying.expression import Condition
from explorer.querying.filtering import resolved
from explorer.records import Problem

KEY_COLUMNS = ("utterance_id", "utt_id", "utt", "id", "segment_id", "recording_id", "key", "name")
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
    taken = Taken(corpus.size, path.name)
    parts = _told(_heard(file, taken), taken, tell)
    if file.keyed or ours:
        column = _column(corpus, ours, path) if ours else None
        joined_on = _by_key(corpus, tell, parts, taken, column, output.parent / "spill")
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
        joined=corpus.size - len(taken.without),
        left_out=dict(taken.left_out),
        faulty=taken.faulty,
        problems=taken.problems,
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


def _heard(file: PredictionFile, taken: Taken) -> Iterator[Part]:
    """The rows of the file that have a hypothesis; the others are noted."""
    for part in file.parts():
        for problem in part.problems:
            taken.fault(problem)
        taken.rows += len(part.lines)
        if part.seconds:
            taken.time(part.lines, part.seconds)
        kept = [place for place, text in enumerate(part.texts) if text is not None]
        if len(kept) < len(part.lines):
            for place, text in enumerate(part.texts):
                if text is None:
                    taken.leave(part.lines[place], f'the row has no "{file.taken_from}"', WITHOUT_TEXT)
            columns = {name: getattr(part, name) for name in Part.__slots__ if name != "problems"}
            part = Part(**{name: [values[place] for place in kept] for name, values in columns.items() if values})
        yield part


def _told(parts: Iterable[Part], taken: Taken, tell: Tell) -> Iterator[Part]:
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


def _by_key(corpus: Corpus, tell: Tell, parts: Iterable[Part], taken: Taken, column: Column | None, spill: Path) -> str:
    """Join by the keys of the rows; the words for what they were joined on."""
    lines: list[np.ndarray] = []
    texts: list[pa.Array] = []
    with KeyPlaces(spill) as places:
        for part in parts:
            places.ask(part.keys)
            lines.append(np.asarray(part.lines, np.int64))
            texts.append(pa.array(part.texts, pa.string()))
        if column is not None:
            places.look(corpus, column.name, tell)
            words = column.label
        else:
            words = _fitting(corpus, tell, places)
        line, text = np.concatenate([*lines, np.empty(0, np.int64)]), pa.chunked_array(texts, pa.string())
        start = 0
        for numbers, rows, keys in places.answers():
            here = line[start : start + len(keys)]
            one = np.flatnonzero(numbers == 1)
            heard = text.slice(start, len(keys)).take(pa.array(one)).combine_chunks()
            taken.take(rows[one], here[one], heard)
            for place in np.flatnonzero(numbers != 1).tolist():
                key, at = keys[place], int(here[place])
                if numbers[place]:
                    taken.leave(at, f'"{key}" is the {words} of {numbers[place]} utterances', AMBIGUOUS)
                else:
                    taken.leave(at, f'no utterance has the {words} "{key}"', UNMATCHED)
            start += len(keys)
    return words


def _fitting(corpus: Corpus, tell: Tell, places: KeyPlaces) -> str:
    """Look keys up that nobody has explained: in the first column that has any of them, else as sounds' stems."""
    known = {column.name: column for column in corpus.columns if column.kind in ("text", "number")}
    for name in KEY_COLUMNS:
        if name in known and places.look(corpus, name, tell):
            return known[name].label
    keys = places.distinct()
    own = corpus.tables.rows_of(keys)
    if (own >= 0).any():
        places.know(keys.filter(pa.array(own >= 0)), own[own >= 0])
        return "id"
    places.look(corpus, "audio", tell, stem_of_path)
    return "name of the sound file without its ending"


# ---- by sound and time ----


def _by_sound(corpus: Corpus, tell: Tell, parts: Iterable[Part], taken: Taken) -> str:
    """Join rows that are written like their utterance at once, by identity; the others by path, offset and duration."""
    rest = Elsewhere()
    for part in _gathered(parts):
        found = corpus.rows_of(part.ids)
        known = np.flatnonzero(found >= 0)
        texts = pa.array(part.texts, pa.string())
        lines = np.asarray(part.lines, np.int64)
        taken.take(found[known], lines[known], texts.take(pa.array(known)))
        rest.add(part, np.flatnonzero(found < 0).tolist())
    for placed in rest.placed(corpus, tell):
        taken.take(placed.rows, placed.lines, placed.texts)
        for line, reason, kind in placed.left_out:
            taken.leave(line, reason, kind)
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


def _write(output: Path, system: str, taken: Taken, report: JoinReport) -> None:
    """The overlay and the report, each whole or not at all; the report last, so that it vouches for the overlay."""
    output.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:8]
    building = output.with_name(f"{output.name}.{mark}")
    tables = taken.tables(f"hypothesis_{system}", time_column(system))
    first = next(tables)
    with pyarrow.parquet.ParquetWriter(building, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)
    building.replace(output)
    telling = report_path(output).with_name(f"{report_path(output).name}.{mark}")
    telling.write_text(report.written(), encoding="utf-8", errors="surrogatepass")
    telling.replace(report_path(output))


def report_path(output: Path) -> Path:
    """Where the report of an overlay is."""
    return output.with_suffix(".json")


def _missed(corpus: Corpus, system: str, taken: Taken) -> tuple[Problem, ...]:
    rows = taken.without[:LISTED_MISSED].astype(np.int32)
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
