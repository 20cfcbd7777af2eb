"""However long the store was away, a worker looks for it again and again, and soon."""

from __future__ import annotations

import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.serializers import JSONSerializer

from bot import valkey
from workers.__main__ import BellWorker, KnownJob
from workers.sweep import SWEEP_SECONDS


class Enough(Exception):
    """Waited often enough."""


def test_a_worker_never_waits_long_for_the_store(tmp_path: Path) -> None:
    process = subprocess.Popen(valkey.command(tmp_path))
    url = valkey.wait_until_ready(process, tmp_path)
    connection = Redis.from_url(url, retry=Retry(NoBackoff(), 0))
    worker = BellWorker(
        ["push"], connection=connection, job_class=KnownJob, serializer=JSONSerializer
    )
    heartbeat, waited = worker.heartbeat, list[float]()

    def dies() -> None:
        process.kill()
        process.wait()
        heartbeat()

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 12:
            raise Enough

    with (
        patch.object(worker, "heartbeat", dies),
        patch("rq.worker.base.time.sleep", wait),
        pytest.raises(Enough),
    ):
        worker.dequeue_job_and_maintain_ttl(1)
    connection.close()
    assert max(waited) <= SWEEP_SECONDS
