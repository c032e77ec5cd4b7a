"""The job table: states, claims, cancels, and workers that die, sleep or come back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from evaluator.jobs.job_table import MOST_DEATHS, JobStore, Progress
from explorer.errors import JobError


@pytest.fixture
def jobs(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs.sqlite")


def test_a_job_goes_from_queued_to_done(jobs: JobStore) -> None:
    submitted = jobs.submit("transcribe", {"run": "r1", "größe": 1.5})
    assert (submitted.state, submitted.active, submitted.spec) == ("queued", True, {"run": "r1", "größe": 1.5})
    claimed = jobs.claim("w")
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.tries) == (submitted.id, "running", 1)
    assert jobs.progress(claimed, Progress(stage="transcribing", done=3, total=10, audio_done=4.5, rtfx=2.0)) is False
    assert jobs.get(claimed.id).progress == Progress(stage="transcribing", done=3, total=10, audio_done=4.5, rtfx=2.0)
    jobs.finish(claimed, "10 utterances.")
    ended = jobs.get(claimed.id)
    assert (ended.state, ended.message, ended.active, ended.resumable) == ("done", "10 utterances.", False, False)
    assert ended.ended is not None
    assert not jobs.active()


def test_jobs_are_claimed_in_the_order_they_came_and_listed_newest_first(jobs: JobStore) -> None:
    ids = [jobs.submit("transcribe", {"n": n}).id for n in range(3)]
    assert [job.id for job in jobs.recent()] == ids[::-1]
    assert [job.id for job in jobs.recent(limit=2)] == ids[:0:-1]
    claimed = [jobs.claim("w") for _ in range(4)]
    assert [job.id if job else None for job in claimed] == [*ids, None]


def test_two_workers_never_claim_the_same_job(jobs: JobStore) -> None:
    for n in range(40):
        jobs.submit("transcribe", {"n": n})
    claims: list[int] = []

    def work(name: str) -> None:
        store = JobStore(jobs.path)
        while (job := store.claim(name)) is not None:
            claims.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == list(range(1, 41))


def test_two_tabs_that_submit_the_same_get_two_jobs(jobs: JobStore) -> None:
    assert jobs.submit("transcribe", {"run": "r"}).id != jobs.submit("transcribe", {"run": "r"}).id


def test_cancel_of_a_queued_job_is_at_once_and_of_a_running_one_is_a_wish(jobs: JobStore) -> None:
    running, queued = jobs.submit("transcribe", {}), jobs.submit("transcribe", {})
    claimed = jobs.claim("w")
    assert claimed is not None
    assert jobs.cancel(queued.id).state == "cancelled"
    assert jobs.cancel(running.id).state == "running"
    first_asked = jobs.get(running.id).cancel_asked
    assert first_asked is not None
    assert jobs.cancel(running.id).cancel_asked == first_asked  # a second click does not prolong the grace time
    assert jobs.beat(claimed) is True
    assert jobs.progress(claimed, Progress(done=1)) is True
    jobs.stopped(claimed)
    assert jobs.get(running.id).state == "cancelled"
    assert jobs.claim("w") is None
    assert jobs.cancel(running.id).state == "cancelled"


def test_resume_queues_what_failed_or_was_cancelled_and_nothing_else(jobs: JobStore) -> None:
    job = jobs.submit("transcribe", {"run": "r"})
    with pytest.raises(JobError, match="is queued"):
        jobs.resume(job.id)
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.fail(claimed, "No such model.")
    assert jobs.get(job.id).message == "No such model."
    again = jobs.resume(job.id)
    assert (again.state, again.deaths, again.spec, again.message) == ("queued", 0, {"run": "r"}, "")
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.finish(claimed)
    with pytest.raises(JobError, match="is done"):
        jobs.resume(job.id)
    with pytest.raises(JobError, match="no job 99"):
        jobs.resume(99)


def test_a_cancelled_job_can_be_resumed_and_is_not_stopped_by_the_old_wish(jobs: JobStore) -> None:
    job = jobs.submit("transcribe", {})
    claimed = jobs.claim("w")
    assert claimed is not None
    jobs.cancel(job.id)
    jobs.stopped(claimed)
    jobs.resume(job.id)
    claimed = jobs.claim("w")
    assert claimed is not None
    assert jobs.beat(claimed) is False


def test_a_dead_workers_job_is_queued_again_until_it_has_killed_too_many(jobs: JobStore) -> None:
    job = jobs.submit("transcribe", {})
    for tries in range(1, MOST_DEATHS + 1):
        claimed = jobs.claim(f"w{tries}")
        assert claimed is not None
        assert claimed.tries == tries
        assert jobs.requeue(silent_for=60.0) == []  # it has just been heard
        (taken,) = jobs.requeue()
        assert taken.state == ("queued" if tries < MOST_DEATHS else "failed")
    assert "died 4 times" in jobs.get(job.id).message
    assert jobs.get(job.id).resumable
    assert jobs.claim("w") is None
    jobs.resume(job.id)
    jobs.claim("w4")
    assert jobs.requeue()[0].state == "queued"


def test_a_job_that_gets_on_between_deaths_may_go_on_dying(jobs: JobStore) -> None:
    jobs.submit("transcribe", {})
    for done in range(1, 10):
        claimed = jobs.claim("w")
        assert claimed is not None
        jobs.progress(claimed, Progress(done=done, total=10))
        assert jobs.get(claimed.id).deaths == 0
        jobs.progress(claimed, Progress(done=done, total=10))
        assert jobs.requeue()[0].state == "queued"
        assert jobs.get(claimed.id).deaths == 1


def test_a_dead_workers_cancelled_job_stays_cancelled(jobs: JobStore) -> None:
    job = jobs.submit("transcribe", {})
    jobs.claim("w")
    jobs.cancel(job.id)
    jobs.requeue()
    assert jobs.get(job.id).state == "cancelled"


def test_a_worker_that_was_given_up_cannot_touch_its_successors_job(jobs: JobStore) -> None:
    job = jobs.submit("transcribe", {})
    sleeper = jobs.claim("w")
    assert sleeper is not None
    jobs.requeue()
    successor = jobs.claim("w")  # even under the same name
    assert successor is not None
    assert jobs.beat(sleeper) is True
    assert jobs.progress(sleeper, Progress(done=99)) is True
    jobs.finish(sleeper, "wrong")
    current = jobs.get(job.id)
    assert (current.state, current.progress.done, current.message) == ("running", 0, "")
    assert jobs.beat(successor) is False


def test_an_unknown_kind_is_refused(jobs: JobStore) -> None:
    with pytest.raises(JobError, match='"dance"; known are: transcribe, '):
        jobs.submit("dance", {})


def test_the_table_survives_its_maker(jobs: JobStore) -> None:
    job = jobs.submit("detect", {"run": "r"})
    assert JobStore(jobs.path).get(job.id) == job


def test_a_file_that_is_no_table_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(JobError, match=r"jobs\.sqlite cannot be opened"):
        JobStore(tmp_path / "jobs.sqlite")


def test_a_finished_job_can_be_forgotten_and_no_other(jobs: JobStore) -> None:
    waiting = jobs.submit("measure", {"run": "r"})
    with pytest.raises(JobError, match="is queued; cancel it before it is deleted"):
        jobs.forget(waiting.id)
    jobs.cancel(waiting.id)
    jobs.forget(waiting.id)
    assert jobs.recent() == []
    with pytest.raises(JobError, match="There is no job"):
        jobs.forget(waiting.id)
