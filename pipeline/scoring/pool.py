"""The workers of a run: one to a core, each given a shard at a time; one that is lost is replaced."""

import os
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pipeline.errors import ModelError
from pipeline.scoring import worker as program
from pipeline.scoring.wire import Message, receive, send, to_error

_ATTEMPTS = 3
_PACKAGE_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Job:
    """A shard to score: its number, the file to write, its statements in Arrow's stream format, and their digest."""

    shard: int
    path: Path
    digest: str
    payload: bytes


class _Worker:
    def __init__(self, settings: Message) -> None:
        paths = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
            [sys.executable, "-c", f"from {program.__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TOKENIZERS_PARALLELISM": "false"},
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise OSError("no pipes")
        self.requests, self.answers = self.process.stdin, self.process.stdout
        self.settings = settings
        self.job: Job | None = None
        self.send({**settings})

    def send(self, message: Message, payload: bytes = b"") -> None:
        with suppress(BrokenPipeError):  # it is dead; reading its answer finds out why
            send(self.requests, message, payload)

    def start(self, job: Job) -> None:
        self.job = job
        self.send({"shard": job.shard, "path": str(job.path), "digest": job.digest}, job.payload)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.requests.close()
        self.answers.close()


class Pool:
    """Workers that share the cores; to be used in a `with` block, at whose end they are gone."""

    def __init__(self, settings: Message, workers: int) -> None:
        """Prepare a pool; workers are started as shards come.

        Args:
            settings: model, engine, precision and batch size, as `worker.serve` takes them.
            workers: how many there may be at most.
        """
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        enough = len(cores) >= workers
        self._waiting = [{**settings, "core": cores[i] if enough else None} for i in range(workers)]
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._losses: dict[int, int] = {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.close()
        self._selector.close()

    def run(self, jobs: Iterable[Job]) -> Iterator[int]:
        """Score shards, a few read ahead; give the number of each as it is finished, in any order.

        Raises:
            StanceError: what a worker met, or a shard that its workers did not survive.
        """
        remaining, ready, more = iter(jobs), deque[Job](), True
        while True:
            while ready and (idle := self._idle()):
                idle.start(ready.popleft())
            if more and len(ready) < len(self._waiting) + len(self._workers):
                job = next(remaining, None)
                more = job is not None
                ready.extend([job] if job else [])
                yield from self._finished(timeout=0)
            elif any(worker.job for worker in self._workers):
                yield from self._finished(timeout=None)
            elif not ready:
                return

    def _idle(self) -> _Worker | None:
        found = next((worker for worker in self._workers if worker.job is None), None)
        return found or (self._add(self._waiting.pop(0)) if self._waiting else None)

    def _add(self, settings: Message) -> _Worker:
        worker = _Worker(settings)
        self._workers.append(worker)
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)
        return worker

    def _finished(self, timeout: float | None) -> Iterator[int]:
        for key, _ in self._selector.select(timeout):
            worker: _Worker = key.data
            try:
                answer, _ = receive(worker.answers)
            except EOFError:
                self._replace(worker)
                continue
            if "error" in answer:
                raise to_error(answer)
            worker.job = None
            yield int(answer["shard"])

    def _replace(self, lost: _Worker) -> None:
        """Start another worker in a lost one's place, with its shard."""
        self._selector.unregister(lost.answers)
        self._workers.remove(lost)
        lost.close()
        if lost.job:
            losses = self._losses[lost.job.shard] = self._losses.get(lost.job.shard, 0) + 1
            if losses == _ATTEMPTS:
                raise ModelError(
                    f"shard {lost.job.shard}",
                    expected="a worker that survives it",
                    found=f"{losses} lost (exit status {lost.process.returncode})",
                    remedy="If memory ran out, lower runtime.threads; then run the same command again.",
                )
            self._add(lost.settings).start(lost.job)
        else:
            self._waiting.append(lost.settings)
