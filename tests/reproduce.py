"""Prove that a run is reproducible: `make reproduce` clones twice, runs twice and compares every byte."""

import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.inputs import file_digest

ROOT = Path(__file__).parent.parent
# Not compared: git's and DVC's own books, the environment, caches.
APART = {".git", ".venv", ".dvc", "__pycache__", "stance_pipeline.egg-info"}


def files_of(folder: Path) -> dict[str, Path]:
    """Every file that a run leaves, by its path."""
    found = (p for p in folder.rglob("*") if p.is_file() and not APART.intersection(p.relative_to(folder).parts))
    return {str(path.relative_to(folder)): path for path in sorted(found)}


def first_difference(one: Path, other: Path) -> str | None:
    """The first path that one folder lacks or that differs; None where all are the same."""
    a, b = files_of(one), files_of(other)
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            return f"{name}: only in {one if name in a else other}"
        if file_digest(a[name]) != file_digest(b[name]):
            return f"{name}: its bytes differ"
    return None


def run_in_clone(folder: Path) -> None:
    """Clone the committed state, and run everything anew."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")  # the same packages, and this clone's code before all others
    stance = f"import sys; sys.path.insert(0, {str(folder)!r}); from pipeline.cli import main; main()"
    bin_folder = folder / ".run"
    bin_folder.mkdir()
    script = bin_folder / "stance"
    script.write_text(f"#!{ROOT / '.venv/bin/python'}\n{stance}\n")
    script.chmod(0o755)
    path = f"{bin_folder}:{ROOT / '.venv/bin'}:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(folder), "HF_HUB_OFFLINE": "1", "DVC_NO_ANALYTICS": "1"}
    subprocess.run([ROOT / ".venv/bin/dvc", "repro", "--force"], cwd=folder, check=True, env=environment)


def main() -> int:
    """Run twice, compare, and say which file differs first."""
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    if changed:
        print(f"Note: only what is committed is run; not committed:\n{changed}")
    with tempfile.TemporaryDirectory() as folder:
        clones = [Path(folder) / name for name in ("first", "second")]
        for clone in clones:
            print(f"--- {clone.name} run", flush=True)
            run_in_clone(clone)
            (clone / ".run" / "stance").unlink()
        found = first_difference(*clones)
        compared = len(files_of(clones[0]))
    print(f"DIFFERENT: {found}" if found else f"The same: {compared} files, dvc.lock and model weights among them.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
