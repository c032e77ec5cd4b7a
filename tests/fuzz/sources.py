"""Good sources of every format, made to be mutated: which lines each row needs, and how a row is known again.

A row's mark is a word like ``m017`` that occurs in its lines and, when all is well, in what is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

ROWS = 24


@dataclass(slots=True)
class Source:
    """Files of lines without their ends. ``header`` lines at the start of the main file stand for all rows.

    ``path`` is what is opened, inside the folder; ``needs`` are the lines of each row by file name and number;
    ``joined`` are lines that go on with the row of the line before; ``whole`` files are not mutated;
    ``lengths`` are the numbers of lines before any mutation.
    """

    files: dict[str, list[bytes]]
    path: str
    needs: dict[str, set[tuple[str, int]]]
    header: int = 0
    whole: Mapping[str, bytes] = field(default_factory=dict)
    joined: set[tuple[str, int]] = field(default_factory=set)
    lengths: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.lengths = {name: len(lines) for name, lines in self.files.items()}


def mark(row: int) -> str:
    """The word that a row is known by."""
    return f"m{row:03d}"


def _simple(
    name: str, lines: list[str], *, header: list[str] | None = None, beside: dict[str, bytes] | None = None
) -> Source:
    """One file with a line for each row."""
    top = header or []
    content = [line.encode() for line in (*top, *lines)]
    needs = {mark(row): {(name, len(top) + row)} for row in range(len(lines))}
    return Source({name: content}, name, needs, len(top), beside or {})


def nemo() -> Source:
    """A manifest with texts, numbers, nested values and predictions."""
    rows = [
        {
            "audio_filepath": f"wav/{mark(n)}.wav",
            "offset": n / 4,
            "duration": 1 + n / 8,
            "text": f"said {mark(n)} grüße",
        }
        | {"pred_text_a": f"heard {mark(n)}", "snr": n * 0.5, "tags": {"a": [n, None]}}
        for n in range(ROWS)
    ]
    return _simple("m.json", [json.dumps(row, ensure_ascii=False) for row in rows])


def leaderboard() -> Source:
    """Results of one model."""
    rows = [
        {"audio_filepath": f"sample_{mark(n)}", "duration": 2.5, "time": 0.1, "text": "so", "pred_text": mark(n)}
        for n in range(ROWS)
    ]
    return _simple("MODEL_a-b_DATASET_c_d_test.jsonl", list(map(json.dumps, rows)))


def lhotse() -> Source:
    """Cuts with a supervision each."""
    rows = [_cut(n) for n in range(ROWS)]
    return _simple("cuts.jsonl", list(map(json.dumps, rows)))


def lhotse_pair() -> Source:
    """Supervisions with their recordings in another file."""
    recordings = [_cut(n)["recording"] for n in range(ROWS)]
    said = [{**_cut(n)["supervisions"][0], "start": n / 4} for n in range(ROWS)]
    files = {
        "x_recordings.jsonl": [json.dumps(entry).encode() for entry in recordings],
        "x_supervisions.jsonl": [json.dumps(entry).encode() for entry in said],
    }
    return Source(files, ".", {mark(n): {(name, n) for name in files} for n in range(ROWS)})


def _cut(n: int) -> dict[str, Any]:
    said = {"id": mark(n), "recording_id": f"r{mark(n)}", "start": 0.0, "duration": 1.0, "channel": 0}
    words = [["said", n / 4, 0.25, None], [mark(n), n / 4 + 0.5, 0.25, 0.5]]
    recording = {
        "id": f"r{mark(n)}",
        "sources": [{"type": "file", "channels": [0], "source": f"wav/{mark(n)}.wav"}],
        "sampling_rate": 8000,
        "num_samples": 80000,
        "duration": 10.0,
    }
    return {
        "id": f"c{mark(n)}",
        "start": n / 4,
        "duration": 1.0,
        "channel": 0,
        "supervisions": [said | {"text": f"said {mark(n)}", "speaker": "anna", "alignment": {"word": words}}],
        "recording": recording,
        "type": "MonoCut",
    }


def kaldi() -> Source:
    """A data folder with segments; two files are in another order."""
    keys = [mark(n) for n in range(ROWS)]
    columns = {
        "wav.scp": [f"r{key} wav/{key}.wav" for key in keys],
        "segments": [f"{key} r{key} {n / 4:.2f} {n / 4 + 1.5:.2f}" for n, key in enumerate(keys)],
        "text": [f"{key} said {key}" for key in keys],
        "utt2spk": [f"{key} anna" for key in reversed(keys)],
    }
    needs = {key: {("wav.scp", n), ("segments", n)} for n, key in enumerate(keys)}
    return Source({name: [line.encode() for line in lines] for name, lines in columns.items()}, ".", needs)


def common_voice() -> Source:
    """A table with literal quotation marks."""
    rows = [f'c{n}\t{mark(n)}.mp3\t"Said," {mark(n)}\t{n}\t0\t\ten' for n in range(ROWS)]
    return _simple("dev.tsv", rows, header=["client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tlocale"])


def ljspeech() -> Source:
    """Three cells a line."""
    return _simple("metadata.csv", [f'LJ-{mark(n)}|"raw" {n}|said {mark(n)}' for n in range(ROWS)])


def comma() -> Source:
    """CSV with quoted cells; every fourth row has one of two lines."""
    lines: list[bytes] = [b"audio,offset,duration,text,speaker,snr"]
    needs: dict[str, set[tuple[str, int]]] = {}
    for n in range(ROWS):
        first = len(lines)
        record = (
            f'wav/{mark(n)}.wav,{n / 4},1.5,"said, ""{mark(n)}""{chr(10) + "and more" if n % 4 == 3 else ""}",s{n},{n}'
        )
        lines += record.encode().split(b"\n")
        needs[mark(n)] = {("t.csv", place) for place in range(first, len(lines))}
    joined = {line for places in needs.values() for line in places if line != min(places)}
    return Source({"t.csv": lines}, "t.csv", needs, header=1, joined=joined)


def tabs() -> Source:
    """TSV without quotation marks, with start and end."""
    rows = [f"wav/{mark(n)}.wav\t{n / 4}\t{n / 4 + 1}\tsaid {mark(n)}" for n in range(ROWS)]
    return _simple("t.tsv", rows, header=["path\tstart\tend\tsentence"])


def stm() -> Source:
    """One file each."""
    return _simple("t.stm", [f"{mark(n)} 1 anna {n / 4:.2f} {n / 4 + 1:.2f} <o> said {mark(n)}" for n in range(ROWS)])


def ctm() -> Source:
    """Words of four files."""
    return _simple("t.ctm", [f"f{n // 6} 1 {n / 4:.2f} 0.20 {mark(n)} 0.9" for n in range(ROWS)])


def folder() -> Source:
    """Sounds with texts beside them: a damaged text loses no sound."""
    names = [mark(n) for n in range(ROWS)]
    files = {f"{name}.txt": [f"said {name}".encode()] for name in names[:12]}
    files["x.trans.txt"] = [f"{name} said {name}".encode() for name in names[12:]]
    return Source(files, ".", {name: set() for name in names}, whole={f"{name}.wav": b"RIFF" for name in names})


def nemo_tts() -> Source:
    """Readings with their recordings."""
    rows = [
        {
            "gt_text": f"said {mark(n)}",
            "gt_audio_filepath": f"gt/{mark(n)}.wav",
            "pred_audio_filepath": f"pred/{mark(n)}.wav",
            "cer": n / 100,
        }
        for n in range(ROWS)
    ]
    return _simple("m.json", list(map(json.dumps, rows)))


def voices() -> Source:
    """Two systems with a sound for every text."""
    lines = [f"{mark(n)}|said {mark(n)}".encode() for n in range(ROWS)]
    sounds = {f"{system}/{mark(n)}.wav": b"RIFF" for system in ("a", "b") for n in range(ROWS)}
    return Source({"texts.txt": lines}, ".", {mark(n): {("texts.txt", n)} for n in range(ROWS)}, whole=sounds)


def parquet() -> Source:
    """A table, mutated as bytes: no row of it is promised."""
    sink = pa.BufferOutputStream()
    columns = {"path": [f"{mark(n)}.wav" for n in range(ROWS)], "text": [f"said {n}" for n in range(ROWS)]}
    table = pa.table(columns | {"duration": [float(n + 1) for n in range(ROWS)], "tags": [[n] for n in range(ROWS)]})
    pyarrow.parquet.write_table(table, sink, row_group_size=8)
    return Source({"t.parquet": [sink.getvalue().to_pybytes()]}, "t.parquet", {})


SOURCES: dict[str, Callable[[], Source]] = {
    "nemo": nemo,
    "leaderboard": leaderboard,
    "lhotse": lhotse,
    "lhotse-pair": lhotse_pair,
    "kaldi": kaldi,
    "common-voice": common_voice,
    "ljspeech": ljspeech,
    "csv": comma,
    "tsv": tabs,
    "stm": stm,
    "ctm": ctm,
    "folder": folder,
    "nemo-tts": nemo_tts,
    "voices": voices,
    "parquet": parquet,
}


def write(source: Source, to: Path) -> Path:
    """Write the files; returns what is to be opened."""
    to.mkdir(parents=True, exist_ok=True)
    for name, content in source.whole.items():
        (to / name).parent.mkdir(exist_ok=True)
        (to / name).write_bytes(content)
    for name, lines in source.files.items():
        (to / name).write_bytes(b"\n".join(lines) + (b"\n" if not name.endswith(".parquet") else b""))
    return to / source.path if source.path != "." else to
