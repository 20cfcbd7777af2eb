"""rq's own workers, with a job for each report: ``python -m bench.peer_rq <kind> <count>``.

Each prints the seconds that it took for so many. ``simple`` is a SimpleWorker, which runs jobs in
its own process; ``fork`` rq's default, which forks for each job; ``pool`` a WorkerPool of two
SimpleWorkers. The job imports nothing but the standard library, so that a fork costs rq no more
than it must.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from redis import Redis
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from rq.worker_pool import WorkerPool

_QUEUE, _IN_POOL = "bench", 2
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_connections: list[HTTPConnection] = []


def enqueue(redis: Redis, bodies: list[str]) -> None:
    """Put a job for each body into the queue."""
    prepared = [
        Queue.prepare_data("bench.peer_rq.post_one", (body,), result_ttl=0) for body in bodies
    ]
    jobs: list[Job] = _queue(redis).enqueue_many(prepared)
    assert len(jobs) == len(bodies)


def post_one(body: str) -> None:
    """One job: one request, over a connection that stays open as long as the process."""
    if not _connections:
        address = urlsplit(os.environ["OPEN311_URL"])
        _connections.append(HTTPConnection(address.hostname or "", address.port))
    _connections[0].request("POST", "/requests.json", body.encode(), _FORM)
    _connections[0].getresponse().read()


def simple(redis: Redis) -> None:
    """Work the queue off in this process."""
    _work(SimpleWorker, redis)


def fork(redis: Redis) -> None:
    """Work the queue off in a process for each job."""
    _work(Worker, redis)


def pool(redis: Redis) -> None:
    """Work the queue off in two processes."""
    workers = WorkerPool(
        [_QUEUE],
        connection=redis,
        num_workers=_IN_POOL,
        worker_class=SimpleWorker,
        serializer=JSONSerializer,
    )
    # Its own start() looks once a second whether they are done, which is too coarse to be timed.
    workers.start_workers(burst=True, logging_level="ERROR")
    for one in workers.worker_dict.values():
        one.process.join()


def _work(kind: type[BaseWorker], redis: Redis) -> None:
    worker = kind(
        [_queue(redis)], connection=redis, serializer=JSONSerializer, log_job_description=False
    )
    worker.work(burst=True, logging_level="ERROR")


def _queue(redis: Redis) -> Queue:
    return Queue(_QUEUE, connection=redis, serializer=JSONSerializer)


def main(kind: str, count: int) -> float:
    """The seconds that it took."""
    work: Callable[[Redis], None] = {"simple": simple, "fork": fork, "pool": pool}[kind]
    redis = Redis.from_url(os.environ["REDIS_URL"])
    began = time.perf_counter()
    work(redis)
    seconds = time.perf_counter() - began
    if failed := _queue(redis).failed_job_registry.count:
        raise RuntimeError(f"{failed} of {count} jobs failed")
    return seconds


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2])))
