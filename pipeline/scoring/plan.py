"""The plan of a run: everything that its result depends on, written down before anything is scored.

A run that was interrupted goes on only under the same plan; the plan is the manifest of the finished table.
"""

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.inputs import file_digest
from pipeline.transcripts import find_sources, metadata_of

_LIBRARIES = ("numpy", "nupunkt", "pyarrow", "pypdfium2", "stance-pipeline", "tokenizers")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Input:
    """A file that a run reads: where it is, its size and SHA-256, and when it was last written to (nanoseconds)."""

    path: str
    size: int
    sha256: str
    modified: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run reads, and all else that its result depends on, as JSON values."""

    inputs: tuple[Input, ...]
    settings: dict[str, Any]

    def manifest(self) -> dict[str, Any]:
        """The plan as it is kept with the result: no time, no host, so that equal runs give equal bytes."""
        files = [{"path": i.path, "bytes": i.size, "sha256": i.sha256} for i in self.inputs]
        return {**self.settings, "inputs": files}

    def digest(self) -> str:
        """First 12 hexadecimal digits over the manifest."""
        return hashlib.sha256(json.dumps(self.manifest(), sort_keys=True).encode()).hexdigest()[:12]


def library_versions() -> dict[str, str]:
    """Versions that figures may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}


def read_inputs(paths: Iterable[str]) -> tuple[Input, ...]:
    """Take down every file that paths, folders and globs stand for, and the metadata read with them.

    Raises:
        InputError: a path that stands for nothing, or a file that goes away meanwhile.
    """
    seen: dict[Path, None] = {}
    for source in find_sources(paths):
        seen.update(dict.fromkeys((source.path, *metadata_of(source.path))))
    return tuple(_input(path) for path in seen)


def _input(path: Path) -> Input:
    try:
        found = path.stat()
        digest = file_digest(path)
    except OSError as error:  # the reader rejects it with the reason; the plan only notes that it could not be read
        digest, found = f"unreadable: {error.strerror}", path.lstat()
    return Input(str(path), found.st_size, digest, found.st_mtime_ns)


def check_unchanged(plan: Plan, paths: Iterable[str]) -> None:
    """Refuse a result whose inputs are no longer what was planned; raises InputError naming them."""
    now = {str(source.path): source.path for source in find_sources(paths)}
    changed = [path for path in now if path not in {i.path for i in plan.inputs}]
    for before in plan.inputs:
        path = Path(before.path)
        try:
            found = path.stat()
        except OSError:
            changed.append(before.path)
            continue
        same = (found.st_size, found.st_mtime_ns) == (before.size, before.modified)
        if not same and _input(path).sha256 != before.sha256:
            changed.append(before.path)
    if changed:
        raise changed_error(changed, "while they were being scored")


def differences(kept: dict[str, Any], plan: Plan) -> tuple[list[str], list[str]]:
    """Hold a kept manifest against a plan.

    Returns:
        Inputs that were changed, added or taken away, and settings that differ, as `name: was, is`.
    """
    before = {row["path"]: row["sha256"] for row in kept.get("inputs", [])}
    after = {i.path: i.sha256 for i in plan.inputs}
    inputs = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    names = sorted(({*kept} | {*plan.settings}) - {"inputs"})
    settings = [
        f"{name} was {json.dumps(kept.get(name))}, is {json.dumps(plan.settings.get(name))}"
        for name in names
        if kept.get(name) != plan.settings.get(name)
    ]
    return inputs, settings


def changed_error(inputs: list[str], when: str) -> InputError:
    """The error for inputs that are not what they were."""
    more = f" and {len(inputs) - _SHOWN} more" if len(inputs) > _SHOWN else ""
    return InputError(
        ", ".join(inputs[:_SHOWN]) + more,
        expected="inputs that stay as they are from the first shard to the last",
        found=f"{len(inputs)} file(s) changed, added or taken away {when}",
        remedy="Put them back and run the same command again, or begin anew with --restart.",
    )
