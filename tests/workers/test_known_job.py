"""A worker calls what its queue is for and nothing else, whatever somebody wrote into the store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from bot.bells import ring_once
from workers.__main__ import BellWorker, KnownJob


@pytest.fixture
def connection(valkey_url: str) -> Iterator[Redis]:
    opened = Redis.from_url(valkey_url)
    opened.flushdb()
    yield opened
    opened.close()


def worked_off(connection: Redis) -> int:
    """How many jobs failed of those that stood there."""
    worker = BellWorker(
        ["push"], connection=connection, job_class=KnownJob, serializer=JSONSerializer
    )
    worker.work(burst=True, logging_level=logging.CRITICAL)  # type: ignore[arg-type]
    return FailedJobRegistry("push", connection=connection, serializer=JSONSerializer).count


def queue(connection: Redis) -> Queue:
    return Queue("push", connection=connection, serializer=JSONSerializer)


def test_a_bell_is_answered(connection: Redis) -> None:
    ring_once(connection, "push")
    assert worked_off(connection) == 0


@pytest.mark.parametrize("name", ["os.mkdir", "workers.runtime.answer", "workers.jobs.os"])
def test_a_job_of_another_name_is_refused(connection: Redis, tmp_path: Path, name: str) -> None:
    queue(connection).enqueue(name, str(tmp_path / "made"))
    assert worked_off(connection) == 1
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("job", ["workers.jobs.push", "os.mkdir"])
def test_nothing_is_called_after_a_job(
    connection: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    """rq calls these by name as well, with the job's outcome, in the same process."""
    (tmp_path / "planted.py").write_text(
        f"import os\ndef called(*_):\n    os.mkdir({str(tmp_path / 'made')!r})\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    planted = Callback("planted.called")
    queue(connection).enqueue(job, on_success=planted, on_failure=planted, on_stopped=planted)
    worked_off(connection)
    assert not (tmp_path / "made").exists()
