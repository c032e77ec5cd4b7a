"""What a table, a filter or a histogram can show: the Column, which explains itself.

A column has a unique ``name`` (used in URLs and filters), the field of the outside world it came from, and
everything a page needs to show it: label, unit, help sentence, number format and direction. Columns come from the
manifest, from explorer's own derivations, and from *overlays* that are laid beside the corpus (measures of the signal,
runs, scores).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "flag", "json"]
Origin = Literal["manifest", "derived", "signal", "voice", "run", "score"]
Style = Literal["text", "integer", "decimal", "seconds", "percent", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a corpus.

    ``kind`` decides which filters fit, ``style`` how a value is printed (see formatting.py): ``percent`` columns hold
    fractions and are multiplied by 100 only at the pixel. ``field`` is the name in the manifest, None when the
    column is not part of it. ``better`` says which direction is good, None when neither is.
    """

    name: str
    label: str
    kind: Kind
    help: str
    style: Style = "text"
    unit: str = ""
    field: str | None = None
    origin: Origin = "manifest"
    better: Literal["lower", "higher"] | None = None
    system: str | None = None
    hidden: bool = False


def reference_column() -> Column:
    """The transcript a human gave."""
    return Column(name="reference", label="Reference", kind="text", field="text", help="The reference transcript.")
