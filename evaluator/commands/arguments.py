"""The words of the command line: every command with its arguments, which explain themselves with ``--help``.

Only argparse is imported here, so that ``--help`` is there at once; app.py runs the commands.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from evaluator.commands.shared_arguments import (
    as_json,
    common,
    compared,
    forms,
    manifests,
    normalizer,
    predictions,
    vocabulary,
    where,
)


def parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The command line, whole and command by command; every command explains itself with ``--help``."""
    top = argparse.ArgumentParser(
        prog="app.py",
        description="Earmark: explore speech data, transcribe it, and measure recognizers and voices.",
        epilog="key=value changes any option of configs/earmark.yaml, for example server.port=9000.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="open manifests in the browser (the command when none is named)")
    serve.add_argument(
        "manifests",
        nargs="*",
        metavar="MANIFEST|key=value",
        help="manifests, tables or folders of any format in the README",
    )
    serve.add_argument("--as", dest="corpus", metavar="NAME", help="open all manifests as one corpus of this name")
    vocabulary(serve)
    predictions(serve)
    serve.add_argument(
        "--lanes",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="folder with RECORDING.ctm, .rttm or .TextGrid, drawn under the waveform",
    )
    serve.add_argument("--port", type=int, help="port to listen on (default 8050)")
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--insecure", action="store_true", help="allow another address without a token")
    serve.add_argument(
        "-a",
        "--estimate-audio-metrics",
        action="store_true",
        dest="measure",
        help="measure the sound of every corpus once it is loaded (level, bandwidth, SNR...)",
    )
    common(serve)

    stats = commands.add_parser("stats", help="hours, words, alphabet and problems of manifests")
    manifests(stats)
    as_json(stats)
    vocabulary(stats)
    where(stats)
    common(stats)

    score = commands.add_parser("score", help="error rates of every system in the manifests")
    manifests(score)
    as_json(score)
    normalizer(score)
    predictions(score)
    where(score)
    common(score)

    rules = commands.add_parser("normalizers", help="what each rule of a normalizer does to the error rates")
    manifests(rules)
    normalizer(rules)
    as_json(rules)
    predictions(rules)
    where(rules)
    common(rules)

    compare = commands.add_parser("compare", help="systems against a baseline, with intervals and tests; a gate for CI")
    manifests(compare)
    compared(compare)
    compare.add_argument("--by", metavar="COLUMN", help="resample whole values of a column, for example speaker")
    normalizer(compare)
    compare.add_argument(
        "--fail-if",
        action="append",
        default=[],
        dest="conditions",
        metavar="CONDITION",
        help='exit with 1 when it holds: "wer > 7.5%%", "delta > 0.2%%", "worse", "worse(p < 0.05)"; a bare number '
        "below 1 is a fraction, one from 2 on percent, and one between needs the %% sign",
    )
    forms(compare, "json", "markdown", "latex", "junit")
    predictions(compare)
    where(compare)
    common(compare)

    slices = commands.add_parser("slices", help="error rates on parts of manifests: by speaker, by length...")
    manifests(slices)
    slices.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="COLUMN[:EDGES]",
        help="a column, or intervals (duration:2,5,10); can be given again (default: the configuration's slots)",
    )
    compared(slices)
    slices.add_argument("--resample", metavar="COLUMN", help="resample whole values of a column, for example speaker")
    slices.add_argument("--normalizer", metavar="NAME", help="what texts go through first (default: as configured)")
    forms(slices, "json", "csv")
    where(slices)
    common(slices)

    errors = commands.add_parser("errors", help="confusions, deletions and insertions of a system, and what changed")
    manifests(errors)
    errors.add_argument("--system", metavar="SYS", help="whose errors (default: the first system's)")
    errors.add_argument("--against", metavar="SYS", help="another system: what is new and what is gone with it")
    errors.add_argument("--top", type=int, default=20, metavar="N", help="how many of each kind (default 20)")
    normalizer(errors)
    forms(errors, "json", "csv")
    predictions(errors)
    where(errors)
    common(errors)

    transcribe = commands.add_parser("transcribe", help="run a recognizer over manifests and write a new manifest")
    manifests(transcribe)
    transcribe.add_argument("--model", metavar="X.nemo|NAME", help="a .nemo file or a pretrained name")
    transcribe.add_argument("--name", metavar="SYS", help="name of the system; the column is pred_text_SYS")
    transcribe.add_argument(
        "--checkpoints",
        type=Path,
        metavar="FOLDER",
        help="every .nemo and .ckpt of a training's folder instead, each a system NAME-epoch3-step400",
    )
    transcribe.add_argument(
        "--engine", help="engine (default: nemo with --model, else the system's in the configuration)"
    )
    transcribe.add_argument(
        "--vad", metavar="MODE|DETECTOR", help="off, chunk or skip; silero, energy or nemo: chunk with this detector"
    )
    transcribe.add_argument("--detector", metavar="NAME", help="who finds the pauses: silero, energy or nemo")
    transcribe.add_argument("--device", choices=("auto", "cpu", "cuda"))
    transcribe.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json")
    where(transcribe)
    common(transcribe)

    measure = commands.add_parser(
        "measure", help="level, clipping, bandwidth, SNR, silence... of the sound of manifests"
    )
    manifests(measure)
    measure.add_argument(
        "--detector", metavar="NAME", help="who tells the share of speech: energy (default), silero, nemo, or none"
    )
    measure.add_argument(
        "--voices",
        action="store_true",
        help="score voices, too: pitch, pace, predicted opinion, distance from a reference recording",
    )
    measure.add_argument(
        "-o", "--output", type=Path, metavar="OUT.csv|OUT.json", help="the manifest with the measures as more fields"
    )
    where(measure)
    common(measure)

    export = commands.add_parser("export", help="write manifests, or some of their utterances, in another format")
    manifests(export)
    export.add_argument("--to", required=True, metavar="FORMAT", help="nemo, csv, parquet, kaldi, lhotse, stm or ctm")
    export.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT", help="for kaldi a folder, or OUT.zip"
    )
    export.add_argument("--system", metavar="SYS", help="write what this system heard instead of the reference")
    export.add_argument("--fields", metavar="A,B", help="only these columns (nemo, csv, parquet)")
    where(export)
    common(export)

    apply = commands.add_parser("apply", help="apply a recipe of rules to manifests and write the new manifest")
    apply.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML: filters, and what to do with their rows")
    manifests(apply)
    apply.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.json")
    apply.add_argument("--json", action="store_true", help="print what each rule did as JSON")
    common(apply)

    review = commands.add_parser("review", help="what people said about manifests: export, import, split the work")
    review.add_argument("action", choices=("export", "import", "assign"), metavar="export|import|assign")
    manifests(review)
    review.add_argument(
        "--as", dest="corpus", metavar="NAME", help="the corpus's name in the browser, if not the file's"
    )
    review.add_argument(
        "--what",
        default="manifest",
        metavar="KIND",
        help="export: manifest (corrected), differences, decisions (CSV) or audit (every event)",
    )
    review.add_argument("--rejected", default="out", choices=("out", "flag", "keep"), help="export: rejected rows")
    review.add_argument("-o", "--output", type=Path, metavar="OUT", help="export: the file to write")
    review.add_argument("--from", type=Path, dest="export", metavar="FILE", help="import: a previous export")
    review.add_argument("--who", metavar="NAME", help="import, assign: who says so")
    review.add_argument("--people", metavar="A,B,C", help="assign: among whom; nobody: no longer split")
    review.add_argument("--overlap", metavar="10%%", help="assign: the share that two people do independently")
    where(review)
    common(review)

    synthesize = commands.add_parser(
        "synthesize", help="have voices read texts aloud, into a folder that opens as a set"
    )
    synthesize.add_argument(
        "manifests",
        nargs="+",
        metavar="TEXTS|MANIFEST|key=value",
        help="a .txt file of lines (a text, or id|text), or a manifest or any other format with texts",
    )
    synthesize.add_argument(
        "--system", action="append", default=[], dest="systems", metavar="NAME", help="a configured voice; repeat it"
    )
    synthesize.add_argument("--spoken", metavar="FORM", help="text normalization: none, english or nemo_english")
    synthesize.add_argument("-o", "--output", required=True, type=Path, metavar="OUTDIR")
    where(synthesize)
    common(synthesize)

    demo = commands.add_parser("demo", help="make the demo workspace and open it")
    demo.add_argument("overrides", nargs="*", metavar="key=value")
    demo.add_argument("--port", type=int, help="port to listen on (default 8050)")
    demo.add_argument("--prepare-only", action="store_true", help="make the workspace, start no server")
    common(demo)

    train = commands.add_parser("train", help="train a NeMo CTC model from a configuration")
    train.add_argument("recipe", type=Path, metavar="CONFIG", help="for example configs/train/tiny.yaml")
    train.add_argument("overrides", nargs="*", metavar="key=value")
    return top, commands.choices
