"""Arguments that several commands share, each said once."""

from __future__ import annotations

import argparse
from pathlib import Path


def manifests(command: argparse.ArgumentParser) -> None:
    """What the command is about, and options of the configuration among them."""
    command.add_argument("manifests", nargs="+", metavar="MANIFEST|key=value")


def as_json(command: argparse.ArgumentParser) -> None:
    """JSON instead of text."""
    command.add_argument("--json", action="store_true", help="print JSON")


def normalizer(command: argparse.ArgumentParser) -> None:
    """What makes texts comparable."""
    command.add_argument(
        "--normalizer",
        metavar="NAME",
        help="what texts go through first: none, basic, whisper_english, ..., or one of your own (see the README)",
    )


def compared(command: argparse.ArgumentParser) -> None:
    """Which systems are compared, and with which."""
    command.add_argument("--baseline", metavar="SYS", help="what the others are compared with (default: the first)")
    command.add_argument("--system", action="append", default=[], dest="systems", metavar="SYS", help="only these")


def forms(command: argparse.ArgumentParser, *forms: str) -> None:
    """What a command prints instead of text."""
    group = command.add_mutually_exclusive_group()
    for form in forms:
        group.add_argument(f"--{form}", action="store_const", const=form, dest="form", help=f"print {form}")
    command.set_defaults(form="text")


def vocabulary(command: argparse.ArgumentParser) -> None:
    """The words that are known."""
    command.add_argument(
        "--vocab",
        type=Path,
        metavar="FILE",
        help="word list (one word a line, or a manifest) by which words are told to be out of vocabulary",
    )


def predictions(command: argparse.ArgumentParser) -> None:
    """What further systems heard, from files beside the manifests."""
    command.add_argument(
        "--predictions",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what another system heard, in any format, joined by sound and time; can be given again",
    )
    command.add_argument(
        "--join-on",
        metavar="COLUMN[=FIELD]",
        help="join the files of --predictions by this column (in the file: FIELD) instead",
    )


def where(command: argparse.ArgumentParser) -> None:
    """Which utterances."""
    command.add_argument(
        "--where",
        default="",
        metavar="FILTER",
        help="only these utterances, in the words of the filter box: '{duration} > 3 && {text} contains seven'",
    )


def _column(word: str) -> tuple[str, str]:
    """``audio=wav`` as a pair."""
    role, separator, name = word.partition("=")
    if not separator or not name or role not in ("audio", "offset", "duration", "reference"):
        raise argparse.ArgumentTypeError(
            f"{word!r} is not audio=, offset=, duration= or reference= and a column's name"
        )
    return role, name


def common(command: argparse.ArgumentParser) -> None:
    """How a corpus is found and read: of every command."""
    command.add_argument("--config", type=Path, action="append", default=[], help="another configuration file")
    command.add_argument(
        "--column",
        type=_column,
        action="append",
        default=[],
        dest="columns",
        metavar="ROLE=NAME",
        help="what a table calls its audio, offset, duration or reference, for example audio=wav_name",
    )
    command.add_argument(
        "--audio-base-path",
        type=Path,
        dest="audio_root",
        metavar="FOLDER|URL",
        help="folder, or s3:// prefix, that relative paths start from",
    )
    command.add_argument(
        "--tar-base-path",
        metavar="TAR|PATTERN|FOLDER|URL",
        help="where the tar files are whose members the manifests name, such as audio__OP_0..255_CL_.tar",
    )
    command.add_argument(
        "--dali-index-base",
        metavar="FOLDER|URL",
        help="folder of DALI's indexes of those tars (default: dali_index beside them, if it is there)",
    )
    command.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        dest="roots",
        metavar="FOLDER",
        help="another folder that sound may be played from (the manifest's own and the audio root always may)",
    )
