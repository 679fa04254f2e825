"""A worker: a process of one thread on one core that scores a shard at a time and writes it.

Started by `pool.py`; it reads frames on standard input and answers on
standard output, and ends when the process that started it does.
"""

import os
import signal
import sys
from pathlib import Path
from typing import IO

from pipeline.domain import TARGET, shown_before
from pipeline.errors import ModelError, StanceError
from pipeline.scoring.columns import with_scores
from pipeline.scoring.scorer import Scorer
from pipeline.scoring.shards import write_shard
from pipeline.scoring.wire import Message, from_error, receive, send, to_table


def _score(scorer: Scorer, job: Message, payload: bytes) -> Message:
    statements = to_table(payload)
    texts, previous = (statements.column(name).to_pylist() for name in ("statement", "previous"))
    targets = statements.column(TARGET).to_pylist() if TARGET in statements.column_names else [""] * len(texts)
    before = [shown_before(p, t or "") for p, t in zip(previous, targets, strict=True)]
    probabilities = scorer.probabilities(texts, before)
    table = with_scores(statements, probabilities, scorer.description.labels, scorer.promise, scorer.digest)
    write_shard(Path(job["path"]), table, job["digest"])
    return {"shard": job["shard"]}


def _bind(core: int | None) -> None:
    """Stay on one core, where the system allows it."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Load the model that the first frame names, then score until there are no more frames."""
    settings, _ = receive(requests)
    _bind(settings["core"])
    options = {name: settings[name] for name in ("engine", "precision", "batch_tokens", "max_error")}
    scorer = Scorer.load(settings["model"], threads=1, **options)
    while True:
        job, payload = receive(requests)
        send(answers, _score(scorer, job, payload))


def main() -> None:
    """Serve on standard input and output; a failure becomes an answer, since the user reads the driver's messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's business
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write between frames
    try:
        serve(sys.stdin.buffer, answers)
    except (EOFError, BrokenPipeError):
        return
    except StanceError as error:
        send(answers, from_error(error))
    except Exception as error:  # the process ends here: whatever it is, the driver says it
        found = f"{type(error).__name__}: {error}".split("\n")[0]
        remedy = "Run the same command again; if it comes back, report it with the shard's number."
        send(answers, from_error(ModelError("a worker", expected="a shard scored", found=found, remedy=remedy)))
