"""Whether this machine and this clone have what the stages need, and what to do about the rest."""

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import StanceError
from pipeline.params import Params, load_params

State = Literal["ok", "note", "wrong"]
_GIGABYTE = 1e9
_FREE_DISK, _MEMORY = 2.0, 3.0  # GB below which a note says that a full run may not fit


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `wrong` stops a stage, a `note` only limits what can be done."""

    what: str
    state: State
    found: str
    remedy: str = ""


def check_python() -> Check:
    """Which Python runs; one that is too old does not come this far."""
    return Check("Python", "ok", f"{'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}")


def check_packages(lock: Path) -> Check:
    """What is installed is what the lock file names; packages that this platform leaves out are passed over."""
    if not lock.is_file():
        return Check("packages", "note", f"no {lock} here", "Run it in the repository's folder.")
    named: dict[str, set[str]] = {}  # more than one where a version depends on Python's
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.M):
        named.setdefault(name, set()).add(version)
    installed = {
        re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(): d.version for d in importlib.metadata.distributions()
    }
    other = [
        f"{name} {installed[name]} instead of {' or '.join(sorted(versions))}"
        for name, versions in named.items()
        if name in installed and installed[name] not in versions
    ]
    declared = importlib.metadata.requires("stance-pipeline") or []
    needed = [re.split(r"[^\w.-]", text)[0].lower() for text in declared if "extra ==" not in text]
    missing = [name for name in needed if name not in installed]
    if missing:
        return Check("packages", "wrong", f"missing: {', '.join(missing)}", "make setup")
    if other:
        return Check("packages", "note", "; ".join(other[:5]), "make setup, or results may differ")
    return Check("packages", "ok", f"{len(needed)} needed and there, as the lock file has them")


def check_weights(params: Params, bases: Path) -> Check:
    """The base model that training starts from is there and is the pinned one."""
    name = params.train.base_model
    try:
        from pipeline.classifier import find_base

        find_base(name, bases)
    except (StanceError, ImportError) as error:
        return Check("base model", "wrong", f"{name}: {error}", "make setup")
    return Check("base model", "ok", f"{name}, as pinned")


def check_model(folder: Path, what: str) -> Check:
    """A stage's model is there."""
    if not (folder / "stance.json").is_file():
        return Check(what, "note", f"none in {folder}", "make run")
    return Check(what, "ok", str(folder))


def check_dvc(root: Path) -> Check:
    """Stages can run: git, DVC, and a repository that both know."""
    for program in ("git", "dvc"):
        if not (shutil.which(program) or (Path(sys.executable).parent / program).is_file()):
            return Check("DVC", "wrong", f"no {program}", "apt-get install git" if program == "git" else "make setup")
    if not ((root / ".dvc").is_dir() and (root / ".git").exists()):
        return Check(
            "DVC", "wrong", f"{root.resolve()} is no clone", "git clone the repository, and work in its folder"
        )
    return Check("DVC", "ok", f"version {importlib.metadata.version('dvc')}, with git")


def check_disk(root: Path) -> Check:
    """There is room for a run's outputs."""
    free = shutil.disk_usage(root).free / _GIGABYTE
    if free < _FREE_DISK:
        return Check("disk", "note", f"{free:.1f} GB free", "Free some, or: dvc gc --workspace")
    return Check("disk", "ok", f"{free:.0f} GB free")


def check_memory() -> Check:
    """There is memory for training."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIGABYTE
    if total < _MEMORY:
        return Check("memory", "note", f"{total:.1f} GB", "Lower train.batch_size and score.batch_tokens.")
    return Check("memory", "ok", f"{total:.0f} GB")


def check_devices(params: Params) -> Check:
    """What computes; stages run on the CPU, with as many threads as the parameters say."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        import torch

        cards = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    except ImportError as error:
        return Check("devices", "wrong", f"torch does not load: {error}", "make setup")
    threads = params.runtime.threads
    found = f"{cores} cores, runtime.threads {threads}, {', '.join(cards) or 'no GPU, and none is needed'}"
    if threads > cores:
        return Check("devices", "note", found, "Slower than it could be; other threads would give other weights.")
    return Check("devices", "ok", found)


def examine_machine(root: Path, params_file: Path, bases: Path, models: dict[str, Path]) -> Iterator[Check]:
    """Look at everything, one thing after another.

    Args:
        root: folder of the clone.
        params_file: parameters of all stages.
        bases: registry of base models.
        models: what a model is called, to its folder.
    """
    yield check_python()
    yield check_packages(root / "requirements.lock")
    try:
        params = load_params(params_file)
    except StanceError as error:
        yield Check("parameters", "wrong", str(error), "Run it in the repository's folder.")
    else:
        yield check_weights(params, bases)
        yield check_devices(params)
    for what, folder in models.items():
        yield check_model(folder, what)
    yield check_dvc(root)
    yield check_disk(root)
    yield check_memory()
