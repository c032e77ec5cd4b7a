"""How a job looks: its state in a word, how far it is, what can be done about it, and what it left to read.

Plain functions of a Job; the Runs page and the panel of the utterance view draw with them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
from dash import dcc, html
from dash.development.base_component import Component

from evaluator.jobs.job_table import Job
from explorer.components.cards import attributes, facts, icon, panel, state
from explorer.components.table import written_columns
from explorer.formatting import count, counted, decimal, hours
from explorer.querying.parameters import Parameters
from explorer.sound.signal_measures import MAIN, MEASURES

Tone = Literal["", "ok", "bad", "warn", "accent"]
STATES: dict[str, tuple[str, Tone, str]] = {
    "queued": ("Waiting", "", "bi-hourglass"),
    "running": ("Running", "accent", "bi-play-fill"),
    "done": ("Done", "ok", "bi-check-lg"),
    "failed": ("Failed", "bad", "bi-x-lg"),
    "cancelled": ("Cancelled", "warn", "bi-slash-circle"),
}
KINDS = {
    "transcribe": "Transcribe with",
    "detect": "Detect speech with",
    "measure": "Measure the sound",
    "synthesize": "Read aloud by",
}
TAIL_BYTES = 64_000
TRY = re.compile(r"--- (?P<when>\S+) job \d+ \([^)]*\), try (?P<number>\d+): (?P<asked>\{.*\})")
"""How the worker begins a try in a job's log (evaluator/worker.py)."""
FAILURES_SHOWN = 200


def jobs_list(jobs: Sequence[Job], *, open_corpora: Sequence[str]) -> Component:
    """The jobs, newest first, or what to do when there are none."""
    if not jobs:
        return state(
            "bi-mic",
            "Nothing has run yet",
            "Choose a system above and start it on this corpus. Results become a column of the utterances table, "
            "and you may close this tab meanwhile.",
        )
    return html.Ol(
        [_job(job, linked=str(job.spec.get("corpus", "")) in open_corpora) for job in jobs], className="jobs"
    )


def job_panel(job: Job, actions: Sequence[Component]) -> Component:
    """One job of a page's own: its state, how far it is or how it ended, and what can be done about it."""
    return panel(
        f"Job {job.id}",
        html.Div(
            [
                html.Div(
                    [badge(job), html.Span(str(job.spec.get("scope", "")), className="muted")], className="row-flex"
                ),
                bar(job) if job.active else None,
                html.Div(" · ".join(numbers(job)) if job.active else job.message, className="num"),
                html.Div(list(actions), className="row-flex") if actions else None,
            ],
            className="runs-form",
        ),
    )


def badge(job: Job) -> Component:
    """The job's state in a word, a colour and a sign."""
    word, tone, sign = STATES[job.state]
    if cancelling(job):
        word, tone, sign = f"Cancelling, {duration(time.time() - (job.cancel_asked or 0))}", "warn", "bi-slash-circle"
    return html.Span([icon(sign), word], className=f"badge-soft {tone}".strip())


def cancelling(job: Job) -> bool:
    """Whether the worker was asked to stop and has not yet."""
    return job.state == "running" and job.cancel_asked is not None


def shown_as(jobs: Sequence[Job]) -> str:
    """Changes when the jobs look different: each second while one says for how long it has been at something."""
    counts = any(cancelling(job) or (job.state == "running" and job.progress.left_seconds is None) for job in jobs)
    parts = [(job.id, job.state, job.progress, job.message, job.cancel_asked) for job in jobs]
    return f"{int(time.time()) if counts else ''} {parts}"


def bar(job: Job) -> Component:
    """How much of a job is done; moving stripes while that is not known."""
    progress = job.progress
    unknown = job.state == "running" and not progress.done and not cancelling(job)
    share = 100.0 * progress.done / progress.total if progress.total else 0.0
    width = 100.0 if unknown else share
    moving = " progress-bar-striped progress-bar-animated" if unknown else ""
    return html.Div(
        html.Div(className=f"progress-bar{moving}", style={"width": f"{width:.1f}%"}),
        className="progress",
        role="progressbar",
        **attributes(aria_label="Progress", aria_valuenow=f"{share:.0f}", aria_valuemin="0", aria_valuemax="100"),
    )


def numbers(job: Job) -> list[str]:
    """Utterances, audio, RTFx, time left, as far as they are known."""
    progress = job.progress
    said = []
    if job.state == "queued":
        return ["in the queue"]
    if progress.total:
        what = "sentence" if job.kind == "synthesize" else "utterance"
        said.append(f"{count(progress.done)} of {counted(progress.total, what)}")
    elif job.active:
        said.append(progress.stage or "starting")
    if progress.audio_total:
        said.append(f"{hours(progress.audio_done / 3600)} of {hours(progress.audio_total / 3600)}")
    if progress.rtfx is not None:
        fast = f"{count(progress.rtfx)} x real time" if job.kind == "measure" else None
        said.append(fast or f"RTFx {decimal(progress.rtfx, digits=1)}")
    if job.state == "running":
        if progress.left_seconds is not None:
            said.append(f"{duration(progress.left_seconds)} left")
        elif not cancelling(job) and job.started:
            stage = progress.stage if progress.total else "running"
            said.append(f"{stage or 'running'} for {duration(time.time() - job.started)}")
    elif job.started and job.ended:
        said.append(f"took {duration(job.ended - job.started)}")
    return said


def duration(seconds: float) -> str:
    """A span of time as a person says it: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def title(job: Job) -> str:
    """What the job does."""
    system = job.spec.get("system") or {}
    detector = job.spec.get("options", {}).get("detector") or ""
    if job.kind == "measure":
        return f"{KINDS[job.kind]}, speech by {detector}" if detector else KINDS[job.kind]
    if job.kind == "checkpoints":
        return f"Transcribe with {count(len(job.runs))} checkpoints of {job.spec.get('folder', '')}"
    name = system.get("name") or (job.spec.get("voice") or {}).get("name") or detector
    return f"{KINDS.get(job.kind, job.kind)} {name}"


def _job(job: Job, *, linked: bool) -> Component:
    corpus = str(job.spec.get("corpus", ""))
    scope = str(job.spec.get("scope", ""))
    show_bar = job.active or (job.resumable and job.progress.total)
    return html.Li(
        [
            html.Div(
                [badge(job), html.B(title(job)), html.Span(f"#{job.id}", className="muted num")],
                className="row-flex",
            ),
            html.Div([html.Span(corpus), f" · {scope}" if scope else None], className="muted job-scope"),
            bar(job) if show_bar else None,
            html.Div(" · ".join(numbers(job)), className="num job-numbers"),
            html.P(job.message, className="job-message")
            if job.message and (job.resumable or job.progress.failures)
            else None,
            html.Div(_actions(job, corpus=corpus, linked=linked), className="row-flex job-actions"),
        ],
        className=f"job {job.state}",
        key=str(job.id),
    )


def _actions(job: Job, *, corpus: str, linked: bool) -> list[Component]:
    actions: list[Component] = []
    if job.active and job.cancel_asked is None:
        actions.append(_button("cancel", job, "bi-x-lg", "Cancel"))
    if job.resumable:
        actions.append(_button("resume", job, "bi-arrow-clockwise", "Resume"))
    if job.kind in ("transcribe", "checkpoints", "measure") and linked and job.progress.done > job.progress.failures:
        shown = {"cols": measure_columns()} if job.kind == "measure" else {}
        href = Parameters((("corpus", corpus),)).replaced(**shown).href("/utterances")
        actions.append(
            dcc.Link([icon("bi-table"), "Show in the table"], href=href, className="btn btn-secondary btn-sm")
        )
    if job.kind == "synthesize" and linked and job.progress.done > job.progress.failures:
        href = Parameters((("corpus", corpus),)).href("/tts")
        actions.append(dcc.Link([icon("bi-headphones"), "Listen"], href=href, className="btn btn-secondary btn-sm"))
    if job.kind == "checkpoints" and linked and job.state == "done":
        href = Parameters((("corpus", corpus),)).href("/learning")
        actions.append(
            dcc.Link([icon("bi-graph-down"), "Learning curve"], href=href, className="btn btn-secondary btn-sm")
        )
    if job.progress.failures:
        actions.append(_button("failures", job, "bi-exclamation-triangle", f"{count(job.progress.failures)} failed"))
    if job.state != "queued":
        actions.append(_button("log", job, "bi-card-text", "Log"))
    if not job.active:
        actions.append(_button("delete", job, "bi-trash", "Delete"))
    return actions


def measure_columns() -> str:
    """The value of ``cols=`` that shows what was measured."""
    return written_columns(["reference", *(MEASURES[name].name for name in MAIN)])


def _button(what: str, job: Job, icon_name: str, text: str) -> Component:
    return html.Button(
        [icon(icon_name), text],
        id={"type": f"runs-{what}", "job": job.id},
        type="button",
        className="btn btn-secondary btn-sm",
    )


def failure_list(failures: dict[str, str], *, corpus: str, linked: bool) -> Component:
    """The utterances that failed, each with its sentence and a way to it."""
    rows: list[Any] = []
    for utterance, sentence in list(failures.items())[:FAILURES_SHOWN]:
        href = Parameters((("corpus", corpus), ("u", utterance))).href("/utterance")
        name = dcc.Link(html.Code(utterance), href=href) if linked else html.Code(utterance)
        rows.append(html.Li([name, html.P(sentence)]))
    more = len(failures) - FAILURES_SHOWN
    note = html.P(f"and {count(more)} more, in the run folder", className="muted") if more > 0 else None
    return html.Div([html.Ul(rows, className="failures"), note])


def log_tail(path: Path) -> Component:
    """The end of a log file, each try of the job under its own heading."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return html.P("This job has not written a log yet.", className="muted")
    lines = (text[text.find("\n") + 1 :] if size > TAIL_BYTES else text).splitlines()
    parts: list[Component] = []
    said: list[str] = []
    for line in lines:
        if begins := TRY.fullmatch(line):
            parts += [*_said(said), *_try(begins)]
            said = []
        else:
            said.append(line)
    return html.Div([*parts, *_said(said)], className="log-tail")


def _said(lines: Sequence[str]) -> list[Component]:
    text = "\n".join(lines).strip("\n")
    return [html.Pre(text, className="log")] if text else []


def _try(begins: re.Match[str]) -> list[Component]:
    """The heading of a try, and what the job was asked to do, which the worker writes as JSON."""
    when = begins["when"].replace("T", " ")
    title = html.H3([f"Try {begins['number']}, ", html.Time(when, dateTime=begins["when"])])
    try:
        asked = orjson.loads(begins["asked"])
    except orjson.JSONDecodeError:
        asked = {"as written": begins["asked"]}
    return [title, html.Details([html.Summary("What was asked"), facts(asked)], className="log-asked")]
