"""The pods of a small installation as processes: receivers and workers of one store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.effects import activity_worker
from tests.e2e.load import PATIENCE_SECONDS
from tests.support.http_client import exchange, request
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

PROMISE = {"DURABILITY": "fsync", "STORE_TIMEOUT_SECONDS": "2"}
AVAILABLE = "salesloft_webhooks_store_available"


@dataclass
class Pipeline:
    """Two receivers and two workers of `activity`.

    Attributes:
        server: Their store.
        database: What the workers write to.
        receivers: Running.
        workers: Running.
    """

    server: Server
    database: Path
    receivers: list[ReceiverProcess] = field(default_factory=list)
    workers: list[WorkerProcess] = field(default_factory=list)

    def start(self, redis_url: str) -> None:
        """Start all of it."""
        self.receivers += [ReceiverProcess(redis_url, PROMISE) for _ in range(2)]
        self.workers += [activity_worker(redis_url, self.database) for _ in range(2)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(ReceiverProcess.start, self.receivers))
            list(pool.map(WorkerProcess.start, self.workers))

    def restart(self, redis_url: str) -> None:
        """``kubectl rollout restart deployment`` after the Secret has changed: one pod after the other."""
        for receiver in self.receivers:
            receiver.terminate()
            assert receiver.wait(seconds=PATIENCE_SECONDS) == 0
            receiver.redis_url = redis_url
            receiver.start()
        for worker in self.workers:
            assert worker.stop() == 0
            worker.redis_url = redis_url
            worker.start()

    def readiness(self) -> list[str]:
        """What the receivers' readiness probes say."""
        return [exchange(each.ops_port, request("GET", "/readyz")).body.decode() for each in self.receivers]

    @property
    def pids(self) -> list[int]:
        """The process ids, which tell whether one was restarted."""
        return [*(receiver.pid for receiver in self.receivers), *(worker.pid for worker in self.workers)]

    def kill(self) -> None:
        """End all of it."""
        for receiver in self.receivers:
            receiver.kill()
        for worker in self.workers:
            worker.kill()

    def available(self) -> list[float]:
        """Whether each process can use the store, as its metrics say."""
        return [
            *(receiver.metric(AVAILABLE, role="receiver") for receiver in self.receivers),
            *(worker.metric(AVAILABLE, role="worker") for worker in self.workers),
        ]

    def await_available(self, value: float) -> None:
        """Return when the metrics of all processes say so."""
        wait_until(
            lambda: self.available() == [value] * len(self.available()),
            seconds=PATIENCE_SECONDS,
            description=f"{AVAILABLE} is {value} everywhere",
        )
