"""NeMo text normalization: written forms ("$5", "21st") become spoken ones, by the package ``nemo_text_processing``.

An optional package with compiled grammars (``requirements-nemo-text.txt``); what needs it says how to install it. The
grammars of a language are built once, which takes a minute or more, and kept in the cache folder.

Source: Zhang, Bakhturina, Ginsburg (2021), "NeMo (Inverse) Text Normalization: From Development To Production".
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs

from evaluator.normalizers.plain import ABSENT, Normalizer, Step, each, simplify, squeeze
from explorer.errors import MissingPackage

PACKAGE = "nemo_text_processing"
REMEMBERED = 1 << 16
MISSING = (
    'The normalizer "nemo_english" needs the package nemo_text_processing: '
    ".venv/bin/pip install -r requirements-nemo-text.txt"
)


def present() -> bool:
    """Whether the package is installed."""
    return find_spec(PACKAGE) is not None


@lru_cache(maxsize=REMEMBERED)
def spoken(text: str) -> str:
    """The text with its written forms spoken out, then as ``basic`` makes it.

    Raises:
        MissingPackage: the package is not installed.
    """
    return simplify(written_out(text))


def written_out(text: str) -> str:
    """The text with numbers, dates, money and abbreviations spoken out, case and punctuation kept."""
    plain = squeeze(text)
    return str(_grammars().normalize(plain, verbose=False)) if plain else ""


def spoken_lines(texts: str) -> str:
    """``spoken`` for every line."""
    return "\n".join(spoken(line) for line in texts.split("\n"))


@lru_cache(maxsize=1)
def _grammars() -> Any:
    if not present():
        raise MissingPackage(MISSING)
    from nemo_text_processing.text_normalization.normalize import Normalizer as Grammars

    folder: Path = platformdirs.user_cache_path("earmark") / "nemo-text" / _version()
    folder.mkdir(parents=True, exist_ok=True)
    return Grammars(input_case="cased", lang="en", cache_dir=str(folder), overwrite_cache=False)


def _version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ABSENT


def nemo_english() -> Normalizer:
    """The normalizer; its version is the package's, "absent" without it."""
    return Normalizer(
        name="nemo_english",
        version=_version(),
        title="NeMo English" if present() else "NeMo English (not installed)",
        help=(
            "NeMo text normalization for English: numbers, dates, money and abbreviations as they are spoken; then as "
            "basic. An optional package."
        ),
        apply=spoken,
        lines=spoken_lines,
        maker="evaluator.normalizers.nemo:spoken",
        by_word=False,
        idempotent=False,
        steps=(
            Step(
                name="spoken out",
                help="Numbers, dates, money and abbreviations become words: $5 becomes five dollars.",
                texts=each(written_out),
            ),
            Step(name="basic", help="Lower case; punctuation and symbols become spaces.", texts=each(simplify)),
        ),
    )
