"""How a job and its log are shown: state, how far, what can be done; tries under headings, output as it was written."""

from __future__ import annotations

import json
from pathlib import Path

from dash import html
from dash._utils import to_json

from evaluator.components.job_list import TAIL_BYTES, job_panel, log_tail
from evaluator.jobs.job_table import JobStore


def shown(path: Path) -> str:
    return str(to_json(log_tail(path)))


def test_each_try_has_a_heading_and_what_was_asked_is_no_json(tmp_path: Path) -> None:
    log = tmp_path / "job-3.log"
    asked = json.dumps({"corpus": "dev", "system": {"name": "tiny", "engine": "nemo"}})
    log.write_text(
        f"--- 2026-11-23T12:00:00+00:00 job 3 (transcribe), try 1: {asked}\nloading {{weights}}\n"
        f"--- 2026-11-23T12:05:00+00:00 job 3 (transcribe), try 2: {asked}\nDone: 5 utterances\n",
        encoding="utf-8",
    )
    page = shown(log)
    assert page.count("What was asked") == 2
    assert "Try 1, " in page
    assert "2026-11-23 12:05:00+00:00" in page
    assert "loading {weights}" in page
    assert "Done: 5 utterances" in page
    assert "--- 2026" not in page
    assert asked not in page


def test_a_log_that_is_missing_broken_or_long_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    assert "not written a log yet" in shown(tmp_path / "none.log")
    broken = tmp_path / "broken.log"
    broken.write_bytes(b"--- now job 1 (x), try 1: {broken}\n\xff bytes\n")
    assert "{broken}" in shown(broken)
    long = tmp_path / "long.log"
    long.write_text("".join(f"line {n}\n" for n in range(20_000)), encoding="utf-8")
    page = shown(long)
    assert len(page) < TAIL_BYTES * 1.2
    assert "line 19999" in page
    assert "line 1\\n" not in page


def test_a_job_under_way_has_a_bar_and_one_that_ended_its_sentence(tmp_path: Path) -> None:
    jobs = JobStore(tmp_path / "jobs.sqlite")
    job = jobs.submit("measure", {"run": "r", "corpus": "dev", "scope": "a view of 5"})
    waiting = str(to_json(job_panel(job, [html.Button("Cancel")])))
    assert f"Job {job.id}" in waiting
    assert "a view of 5" in waiting
    assert "progress" in waiting
    assert "Cancel" in waiting
    jobs.cancel(job.id)
    ended = jobs.get(job.id)
    page = str(to_json(job_panel(ended, [])))
    assert ended.message
    assert ended.message in page
    assert "progress" not in page
    jobs.close()
