"""Shard patterns: one path that stands for many, as NeMo's sharded manifests and tar files are named.

    manifest__OP_0..2_CL_.json           manifest_0.json  manifest_1.json  manifest_2.json
    audio_{00..10..5}.tar                audio_00.tar  audio_05.tar  audio_10.tar
    s3://b/{en,de}/m_{0..1}.json         every combination, the last group changing fastest

``_OP_ .. _CL_``, ``{}``, ``()``, ``[]`` and ``<>`` are the same thing; a group is a range of whole numbers or of single
letters, with an optional step, or a list with commas. Anything else between brackets stands as it is written, so that
``take (2)/m.json`` is just a path. (NeMo itself would write it with braces; source: ``expand_sharded_filepaths`` in
nemo/collections/asr/data/audio_to_text.py, which hands the text to the braceexpand package.) Groups do not nest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from explorer.errors import ManifestError
from explorer.places import storage

MOST_SHARDS = 100_000
BRACKETS = (("_OP_", "_CL_"), ("{", "}"), ("(", ")"), ("[", "]"), ("<", ">"))
GROUP = re.compile(
    "|".join(
        rf"{re.escape(start)}([^{{}}()\[\]<>/]*?(?:\.\.|,)[^{{}}()\[\]<>/]*?){re.escape(end)}"
        for start, end in BRACKETS
    )
)
RANGE = re.compile(r"(-?\d{1,18}|[A-Za-z])\.\.(-?\d{1,18}|[A-Za-z])(?:\.\.(-?\d{1,9}))?", re.ASCII)


def expand(path: str) -> tuple[str, ...]:
    """The paths that a pattern stands for, the path itself when it is none.

    Raises:
        ManifestError: it stands for more than MOST_SHARDS paths.
    """
    parts: list[_Values] = []
    end = 0
    for found in GROUP.finditer(path):
        group = next(text for text in found.groups() if text is not None)
        parts += [_Values((path[end : found.start()],)), _values(group) or _Values((found.group(),))]
        end = found.end()
    parts.append(_Values((path[end:],)))
    count = prod(len(part.values) for part in parts)
    if count > MOST_SHARDS:
        raise ManifestError(f"the pattern {path} stands for {count:,} files, at most {MOST_SHARDS:,} can be opened")
    texts = ([part.form.format(value) for value in part.values] for part in parts)
    return tuple("".join(chosen) for chosen in product(*texts))


def paths_of(source: Path | str) -> tuple[Path, ...]:
    """The absolute paths that a source names: itself when it is there, otherwise what it stands for as a pattern.

    Raises:
        ManifestError: the pattern stands for too many paths.
    """
    url = storage.url_of(str(source))
    if storage.is_remote(url):
        return tuple(map(Path, expand(url)))
    path = Path(source).expanduser().absolute()
    return (path,) if os.path.lexists(path) else tuple(map(Path, expand(str(path))))


@dataclass(frozen=True, slots=True)
class _Values:
    """What stands at one place of the pattern, and how it is written."""

    values: Sequence[Any]
    form: str = "{}"


def _values(group: str) -> _Values | None:
    """What a group stands for; None when it is neither a range nor a list."""
    found = RANGE.fullmatch(group)
    if found is None:
        return _Values(group.split(",")) if "," in group else None
    first, last, step = found.groups()
    if first.isalpha() or last.isalpha():
        same_case = first.isalpha() and last.isalpha() and first.isupper() == last.isupper()
        return _Values(list(map(chr, _range(ord(first), ord(last), step)))) if same_case else None
    padded = any(text.lstrip("-").startswith("0") and len(text.lstrip("-")) > 1 for text in (first, last))
    width = max(len(first), len(last)) if padded else 1
    return _Values(_range(int(first), int(last), step), f"{{:0{width}d}}")


def _range(first: int, last: int, step: str | None) -> range:
    """From first to last, both included, upwards or downwards; a step of 0 is 1."""
    by = abs(int(step or 1)) or 1
    return range(first, last + 1, by) if first <= last else range(first, last - 1, -by)
