"""The exported folder as a package: what lies in it, and the manifest that it is held against before anything loads."""

from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.inputs import file_digest
from pipeline.tables import read_json, write_json

FLOAT, INT8 = "model.onnx", "model-int8.onnx"
MANIFEST = "manifest.json"


def write_manifest(folder: Path, agreeing: list[str]) -> None:
    """List every file of an exported model with size and SHA-256, and the engines that agree with the trained one."""
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MANIFEST
    }
    write_json(folder / MANIFEST, {"files": files, "agreeing": agreeing})


def check_manifest(folder: Path) -> list[str]:
    """Hold a folder against its manifest and give the engines that agree with the trained model.

    Raises:
        ModelError: there is no manifest, or a file is missing, altered, or not in it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(
            str(path),
            expected="an exported model's manifest",
            found="none",
            remedy="Run make run, or name an exported model's folder with --model.",
        )
    manifest: dict[str, Any] = read_json(path)
    present = {p.name for p in folder.iterdir() if p.is_file()} - {MANIFEST}
    for name in sorted(present | set(manifest["files"])):
        listed = manifest["files"].get(name)
        found = file_digest(folder / name) if name in present else "no such file"
        if listed is None or found != listed["sha256"]:
            raise ModelError(
                str(folder / name),
                expected=f"SHA-256 {listed['sha256']}" if listed else "only files that the manifest lists",
                found=found,
                remedy="Export the model again: dvc repro -f export.",
            )
    return list(manifest["agreeing"])
