"""The work folder beside an output: plan, finished shards, and the lock that keeps a second run out."""

import fcntl
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pipeline.errors import ConfigError, OutputError
from pipeline.scoring.plan import Plan, changed_error, differences
from pipeline.scoring.shards import read_shard
from pipeline.tables import read_json, write_json

PLAN, LOCK = "plan.json", "lock"


def work_folder(out: Path) -> Path:
    """Where an unfinished run keeps what is done."""
    return out.with_name(f"{out.name}.work")


def kept(out: Path) -> str:
    """Say what an unfinished run has left and how to go on; "" where it has left nothing."""
    rows = [found[0] for path in work_folder(out).glob("shard-*.parquet") if (found := read_shard(path))]
    if not rows:
        return ""
    return (
        f"{sum(rows):,} statements in {len(rows):,} shard(s) are kept in {work_folder(out)}; "
        "the same command goes on from there"
    )


class Work:
    """The folder of a run that holds its lock."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._digest = plan.digest()

    def shard(self, number: int) -> Path:
        """The path of a shard; the plan's digest is in its name, so that another plan's never passes for it."""
        return self._folder / f"shard-{number:07}-{self._digest}.parquet"

    def is_done(self, number: int, digest: str) -> bool:
        """Whether a shard is there, whole.

        Raises:
            InputError: it was made of other statements.
        """
        found = read_shard(self.shard(number))
        if found is None:
            return False
        if found[1] != digest:
            raise changed_error([f"shard {number} in {self._folder}"], "since it was scored")
        return True


@contextmanager
def working(out: Path, plan: Plan, *, restart: bool) -> Iterator[Work]:
    """Hold the work folder of an output; it is taken away when the block ends well, and kept when it does not.

    Raises:
        OutputError: another process holds it, or it cannot be written.
        InputError, ConfigError: it was begun with other inputs or settings.
    """
    folder = work_folder(out)
    with _locked(folder):
        if restart or not (folder / PLAN).is_file():
            _clear(folder)
            write_json(folder / PLAN, plan.manifest())
        _check_plan(read_json(folder / PLAN), plan, folder)
        _clear(folder, re.compile(r"\..*"))  # what was being written when a run was killed
        try:
            yield Work(folder, plan)
        except BaseException:
            if not any(folder.glob("shard-*.parquet")):
                shutil.rmtree(folder)  # nothing to go on from
            raise
        (folder / PLAN).unlink()  # first, so that a run killed here begins anew and not on half a folder
        shutil.rmtree(folder)


def _clear(folder: Path, names: re.Pattern[str] = re.compile(rf"(?!{LOCK}$).*")) -> None:
    for path in folder.iterdir():
        if names.fullmatch(path.name):
            path.unlink()


def _check_plan(before: dict[str, Any], plan: Plan, folder: Path) -> None:
    inputs, settings = differences(before, plan)
    if inputs:
        raise changed_error(inputs, f"since {folder} was begun")
    if settings:
        raise ConfigError(
            str(folder),
            expected="the settings that this run was begun with",
            found="; ".join(settings),
            remedy="Set them back, or begin anew with --restart.",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system drops with the process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+")
    except OSError as error:
        raise OutputError(
            str(folder),
            expected="a place that can be written",
            found=error.strerror or str(error),
            remedy="Name another with --out, or free it.",
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _held(folder, file) from None
        if not (folder / LOCK).exists() or os.fstat(file.fileno()).st_ino != (folder / LOCK).stat().st_ino:
            raise _held(folder, file)  # its holder has just finished and taken the folder away
        file.truncate(0)
        json.dump({"pid": os.getpid(), "host": socket.gethostname()}, file)
        file.flush()
        yield


def _held(folder: Path, file: IO[str]) -> OutputError:
    file.seek(0)
    text = file.read()
    try:
        holder = json.loads(text)
        who = f"process {holder['pid']} on {holder['host']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return OutputError(
        str(folder.with_suffix("")),
        expected="no other run that writes it",
        found=f"{who} at work on it",
        remedy="Wait for it, end it, or name another --out.",
    )
