"""What workers and the process that drives them send each other: frames of a JSON object and Arrow bytes, no pickle."""

import json
import struct
from typing import IO, Any

import pyarrow as pa

from pipeline import errors
from pipeline.errors import StanceError

_HEAD = struct.Struct(">IQ")
Message = dict[str, Any]


def send(stream: IO[bytes], message: Message, payload: bytes = b"") -> None:
    """Write one frame."""
    text = json.dumps(message).encode()
    stream.write(_HEAD.pack(len(text), len(payload)))
    stream.write(text)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Message, bytes]:
    """Read one frame; raises EOFError where the other side is gone."""
    text, payload = _HEAD.unpack(_exactly(stream, _HEAD.size))
    message: Message = json.loads(_exactly(stream, text))
    return message, _exactly(stream, payload)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def to_bytes(batch: pa.RecordBatch) -> bytes:
    """A batch in Arrow's stream format; equal batches give equal bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def to_table(payload: bytes) -> pa.Table:
    """The inverse of `to_bytes`."""
    return pa.ipc.open_stream(payload).read_all()


def from_error(error: StanceError) -> Message:
    """An error as a message."""
    fields = {name: getattr(error, name) for name in ("where", "expected", "found", "remedy")}
    return {"error": type(error).__name__, **fields}


def to_error(message: Message) -> StanceError:
    """The inverse of `from_error`."""
    kind: type[StanceError] = getattr(errors, message["error"])
    return kind(message["where"], **{name: message[name] for name in ("expected", "found", "remedy")})
