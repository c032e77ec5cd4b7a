"""Tarred corpora for tests, in the layout that NeMo's conversion to tarred data sets writes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import soundfile

from tests.explorer.sounds import voice

RATE = 16_000


def sound(seconds: float, seed: int) -> bytes:
    """A FLAC file."""
    out = io.BytesIO()
    soundfile.write(out, voice(seconds, seed=seed), RATE, format="FLAC")
    return out.getvalue()


def tarred(folder: Path, *, shards: int = 3, rows: int = 4, durations: bool = True) -> Path:
    """``audio_N.tar``, ``sharded_manifests/manifest_N.json`` and ``tarred_audio_manifest.json``.

    Row k of shard n has seed ``10 * n + k`` and lasts ``1 + k / 4`` s, except that the last two rows of each shard are
    two cuts of one member, as ``-sub1`` names it.
    """
    (folder / "sharded_manifests").mkdir(parents=True)
    together = []
    for shard in range(shards):
        entries: list[dict[str, Any]] = []
        with tarfile.open(folder / f"audio_{shard}.tar", "w") as tar:
            for row in range(rows - 1):
                name, content = f"rec_{shard}_{row}.flac", sound(1 + row / 4, 10 * shard + row)
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                entries.append({"audio_filepath": name, "duration": 1 + row / 4, "text": f"{shard} {row}"})
        last = entries[-1] | {"duration": 0.5, "offset": 0.0}
        cut = last | {"audio_filepath": last["audio_filepath"].replace(".flac", "-sub1.flac"), "offset": 0.5}
        entries[-1:] = [last, cut]
        if not durations:
            for entry in entries:
                del entry["duration"]
        entries = [entry | {"shard_id": shard} for entry in entries]
        together += entries
        manifest = folder / "sharded_manifests" / f"manifest_{shard}.json"
        manifest.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (folder / "tarred_audio_manifest.json").write_text("".join(json.dumps(entry) + "\n" for entry in together))
    return folder


def dali_index(tar: Path) -> str:
    """What ``wds2idx`` writes for a tar (version 1.2)."""
    with tarfile.open(tar) as opened:
        lines = [f"flac {m.offset_data} {m.size} {m.name}" for m in opened.getmembers()]
    return f"v1.2 {len(lines)}\n" + "\n".join(lines) + "\n"
