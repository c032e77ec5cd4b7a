"""The tables of a corpus file: their names, the columns every corpus has, and what a format's own field becomes.

How a field is stored decides what it is shown as: BOOLEAN a flag, BIGINT and DOUBLE a number, VARCHAR a text, and JSON
(kept as text, every value encoded) nested content, which is hidden until somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from explorer.columns import Column

CATALOG = "corpus"
UTTERANCES = f"{CATALOG}.utterances"
MOST_PROBLEMS = 10_000
"""Problems that are listed; all are counted."""

FIXED_TYPES = {
    "row": "INTEGER",
    "id": "VARCHAR",
    "audio": "VARCHAR",
    "offset": "DOUBLE",
    "duration": "DOUBLE",
    "reference": "VARCHAR",
    "words": "INTEGER",
    "characters": "INTEGER",
    "word_rate": "DOUBLE",
    "character_rate": "DOUBLE",
    "source": "VARCHAR",
    "line": "INTEGER",
}
COLUMN_KINDS = {"BOOLEAN": "flag", "BIGINT": "number", "DOUBLE": "number", "VARCHAR": "text", "JSON": "json"}
COLUMN_STYLES = {"BIGINT": "integer", "DOUBLE": "decimal"}


def field_column(name: str, *, outside: str, system: str | None, storage: str) -> Column:
    """The column of a format's own field, called ``outside`` there and stored as ``storage``.

    ``system`` is who is said to have heard what stands in it.
    """
    if system is not None:
        system = name.removeprefix("hypothesis_")
    help = f"What {system} recognized." if system else f'The field "{outside}" of the manifest.'
    label = system or {"speaker": "Speaker", "language": "Language"}.get(name, outside or name)
    return Column(
        name=name,
        label=label,
        kind=COLUMN_KINDS[storage],  # type: ignore[arg-type]
        help=help,
        style=COLUMN_STYLES.get(storage, "text"),  # type: ignore[arg-type]
        field=outside,
        system=system,
        hidden=storage == "JSON",
    )


def stored_columns(meta: dict[str, Any]) -> Iterator[tuple[Column, str]]:
    """The columns of a corpus file in the order pages show them, with the names they are stored under.

    ``meta`` is what the file's table ``meta`` says.
    """
    own = [(Column(**entry["column"]), entry["physical"]) for entry in meta["fields"] if entry["storage"]]
    first = [entry for entry in own if entry[0].system or entry[0].name in ("speaker", "language")]
    yield from ((column, column.name) for column in _fixed_columns(meta["fixed"], meta["order"]))
    yield from sorted(first, key=lambda entry: entry[0].system is None)
    yield from (entry for entry in own if entry not in first)
    yield from ((column, column.name) for column in (*_derived_columns(), *_place_columns()))


def _fixed_columns(outside: dict[str, str], order: list[str]) -> list[Column]:
    """The columns every corpus has, by the outside names a format gives them; those it never used are hidden."""
    columns = [
        Column(name="audio", label="Audio", kind="text", help="Path of the sound file, as the manifest has it."),
        Column(name="offset", label="Offset", kind="number", style="seconds", unit="s",
               help="Where the utterance begins in its sound file."),
        Column(name="duration", label="Duration", kind="number", style="seconds", unit="s",
               help="Length of the utterance; read from the sound file where the manifest does not say."),
        Column(name="reference", label="Reference", kind="text", help="What was said, according to the manifest."),
    ]  # fmt: skip
    hidden = {"offset"} if outside["offset"] not in order else set()
    return [replace(column, field=outside[column.name], hidden=column.name in hidden) for column in columns]


def _derived_columns() -> list[Column]:
    """What is derived from the reference and the duration."""
    return [
        Column(name="words", label="Words", kind="number", style="integer", origin="derived",
               help="Words of the reference, separated by white space."),
        Column(name="characters", label="Characters", kind="number", style="integer", origin="derived",
               help="Characters of the reference, spaces included."),
        Column(name="word_rate", label="Word rate", kind="number", style="rate", unit="words/s", origin="derived",
               help="Words per second of duration."),
        Column(name="character_rate", label="Character rate", kind="number", style="rate", unit="chars/s",
               origin="derived", help="Characters per second of duration; extremes often have a wrong reference."),
    ]  # fmt: skip


def _place_columns() -> list[Column]:
    """Where an utterance comes from."""
    return [
        Column(name="source", label="Source", kind="text", origin="derived", hidden=True, help="The manifest file."),
        Column(name="line", label="Line", kind="number", style="integer", origin="derived", hidden=True,
               help="The line of the manifest file, counted from 1."),
    ]  # fmt: skip
