"""``app.py synthesize``: have configured voices read texts aloud into folders of voices, which open as a stimulus set.

    OUTDIR/texts.txt               s01|Dr. Smith paid $5.|doctor Smith paid five dollars.
    OUTDIR/<system>/s01.wav
    OUTDIR/<system>/syntheses.csv  id, seconds, inference_seconds, real_time_factor, sample_rate

The texts are a file of lines (``id|text`` or a text a line), or a manifest or any other format. What is there already
with the same text is not read aloud again, so an interrupted command goes on, and more voices join.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator.commands.opening import configuration, selected_rows, split_overrides
from evaluator.commands.run_output import Lines
from evaluator.jobs.job_table import Progress
from evaluator.spoken import spoken_form
from evaluator.synthesizers import Synthesizer
from evaluator.synthesizers.saying import check_sayable, listed
from evaluator.tts.sentences import corpus_lines, key_of
from evaluator.tts.speaking import Voice, configured
from evaluator.tts.stimuli import stimulus_set
from evaluator.tts.synthesis import Line, checked, write_sound
from explorer.errors import ConfigError, EngineError, SpeechDataError
from explorer.formatting import counted

FIELDS = ("id", "seconds", "inference_seconds", "real_time_factor", "sample_rate")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def read_texts(path: Path) -> list[Line]:
    """The lines of a text file; one without an id gets its number, ``001``.

    Raises:
        ConfigError: it cannot be read, or an id cannot name a file or occurs twice.
    """
    try:
        rows = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The texts {path} cannot be read: {error}.") from error
    named = bool(rows) and all(_NAME.fullmatch(row.partition("|")[0].strip()) and "|" in row for row in rows)
    if not named:
        return [Line(f"{number:03d}", row) for number, row in enumerate(rows, start=1)]
    lines = [Line(key.strip(), text.split("|")[0].strip()) for key, _, text in (row.partition("|") for row in rows)]
    twice = {line.id for line in lines if sum(other.id == line.id for other in lines) > 1}
    if twice:
        raise ConfigError(f'{path} has the id "{min(twice)}" more than once.')
    return lines


def named_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines with ids that can name files."""
    return [line if _NAME.fullmatch(line.id) else Line(key_of(line.id), line.text) for line in lines]


def synthesize_texts(lines: Sequence[Line], voices: Sequence[Voice], *, form: str, longest: int, output: Path) -> int:
    """Read all lines aloud by all voices; 0, or 1 when a sentence failed.

    Raises:
        ConfigError: there is nothing to read, no such text normalization, or the output cannot be written.
        EngineError, ModelError, MissingPackage: a voice cannot be loaded.
    """
    if not lines:
        raise ConfigError("There is no text to read aloud.")
    spell = spoken_form(form).load()
    failed = 0
    try:
        output.mkdir(parents=True, exist_ok=True)
        known = _known_texts(output)
        clash = next((line for line in lines if known.get(line.id, line.text) != line.text), None)
        if clash is not None:
            raise ConfigError(
                f'{output / "texts.txt"} has another text for "{clash.id}"; write to another folder with -o.'
            )
        _write_texts(output, {**known, **{line.id: line.text for line in lines}}, spell)
        for voice in voices:
            failed += _read_aloud(lines, voice, voice.load(), spell, longest=longest, folder=output / voice.name)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}.") from error
    print(f"Open it with: app.py {output}", file=sys.stderr)
    return 1 if failed else 0


def _read_aloud(
    lines: Sequence[Line],
    voice: Voice,
    speaker: Synthesizer,
    spell: Callable[[str], str],
    *,
    longest: int,
    folder: Path,
) -> int:
    """One voice; how many sentences failed."""
    folder.mkdir(exist_ok=True)
    monitor, failures = Lines(sys.stderr), 0
    audio = wall = 0.0
    waiting = [line for line in lines if not (folder / f"{line.id}.wav").exists()]
    table = folder / "syntheses.csv"
    fresh = not table.exists()
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(FIELDS)
        for done, line in enumerate(waiting, start=1):
            try:
                spoken = checked(spell(checked(line.text, longest=longest)), longest=2 * longest)
                unsaid = speaker.unsaid(spoken, voice=voice.voice) or ()
                check_sayable(spoken, unsaid)
                if unsaid:
                    print(f"warning: {voice.name}: {line.id}: does not say {listed(unsaid)}", file=sys.stderr)
                began = time.perf_counter()
                sound = speaker.synthesize(spoken, voice=voice.voice, rate=voice.rate, seed=voice.seed)
                took = time.perf_counter() - began
                if not sound.samples.size:
                    raise EngineError("the voice made no sound")
            except SpeechDataError as error:
                failures += 1
                print(f"failed: {voice.name}: {line.id}: {error}", file=sys.stderr)
                continue
            write_sound(folder / f"{line.id}.wav", sound)
            writer.writerow(
                [line.id, f"{sound.duration:.3f}", f"{took:.3f}", f"{took / sound.duration:.4f}", sound.sample_rate]
            )
            audio, wall = audio + sound.duration, wall + took
            rtfx = audio / wall if wall else None
            monitor.report(Progress(done=done, total=len(waiting), failures=failures, audio_done=audio, rtfx=rtfx))
    speaker.close()
    there = len(lines) - len(waiting)
    kept = f", {there:,} there before" if there else ""
    factor = f", {audio:.1f} s of sound, real-time factor {wall / audio:.3f}" if audio else ""
    monitor.finish(f"{voice.name}: {counted(len(waiting) - failures, 'sentence')}{kept}{factor}.")
    return failures


def _known_texts(output: Path) -> dict[str, str]:
    """The texts of sounds that are there already."""
    path = output / "texts.txt"
    if not path.exists():
        return {}
    rows = (line.split("|") for line in path.read_text(encoding="utf-8").splitlines())
    return {cells[0]: cells[1] for cells in rows if len(cells) > 1}


def _write_texts(output: Path, texts: dict[str, str], spell: Callable[[str], str]) -> None:
    rows = []
    for key, text in texts.items():
        written = text.replace("|", " ").replace("\n", " ")
        spoken = spell(written).replace("|", " ")
        rows.append("|".join([key, written, *([spoken] if spoken != written else [])]))
    (output / "texts.txt").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def run(options: argparse.Namespace) -> int:
    """``app.py synthesize TEXTS|MANIFEST --system NAME -o OUTDIR``"""
    manifests, overrides = split_overrides(options.manifests)
    if len(manifests) == 1 and manifests[0].suffix == ".txt":
        config, lines = configuration(options, overrides), read_texts(manifests[0])
    else:
        corpus, query, config = selected_rows(options)
        lines = named_lines(corpus_lines(corpus, stimulus_set(corpus), query))
    return synthesize_texts(
        lines,
        configured(config, options.systems),
        form=options.spoken or config.synthesis.spoken_form,
        longest=config.synthesis.longest_text,
        output=options.output,
    )
