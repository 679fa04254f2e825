"""A shard on disk: scored statements, written whole, with the digest of what they were scored from."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.tables import whole

_DIGEST = b"input"  # in the metadata: SHA-256 of the statements that went in


def write_shard(path: Path, table: pa.Table, digest: str) -> None:
    """Write a shard whole, on disk, under its name; raises OutputError."""
    with whole(path, "wb") as file, pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_DIGEST: digest})


def read_shard(path: Path) -> tuple[int, str] | None:
    """A shard's rows and digest; None where it is missing or damaged."""
    try:
        metadata = pq.read_metadata(path)
        return int(metadata.num_rows), metadata.metadata[_DIGEST].decode()
    except (OSError, pa.ArrowException, KeyError, TypeError):
        return None
