"""Scored statements as compact data inside a page: columns, deflated, in base64, which no text can break out of."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from pipeline.scores import Row, meeting_of


def columns(rows: Sequence[Row], labels: Sequence[str], *, texts: bool = True) -> dict[str, Any]:
    """Rows as columns; speeches and meetings are named once.

    Args:
        rows: scores, a speech's statements together.
        labels: of the codebook, in the order of its probabilities.
        texts: False leaves out what was said, for an overview.

    Returns:
        `meetings` (name, source, date); `speeches` (meeting, id, order, speaker, affiliation, country, presiding);
        and a list a column of the statements: `speech`, `stance` and `set` (numbers of labels), `p` (thousandths,
        all labels of a statement in a row), `start`, `end`, `abstained`, `text`, and `previous` where it is not the
        statement just before.
    """
    meetings: list[list[Any]] = []
    numbers: dict[str, int] = {}
    speeches: dict[str, list[Any]] = {}
    speech: list[int] = []
    order: dict[str, int] = {}
    for row in rows:
        meeting = meeting_of(row)
        if meeting not in numbers:
            numbers[meeting] = len(meetings)
            meetings.append([meeting, row["source"], row["date"]])
        if row["speech_id"] not in speeches:
            head = [row[name] for name in ("speech_id", "speech_order", "speaker", "affiliation", "country")]
            speeches[row["speech_id"]] = [numbers[meeting], *head, int(row["presiding"])]
        speech.append(order.setdefault(row["speech_id"], len(order)))
    place = {label: i for i, label in enumerate(labels)}
    data: dict[str, Any] = {
        "meetings": meetings,
        "speeches": list(speeches.values()),
        "speech": speech,
        "stance": [place[row["stance"]] for row in rows],
        "p": [round(1000 * row[f"p_{label}"]) for row in rows for label in labels],
    }
    if "abstained" in rows[0]:
        data["abstained"] = [int(bool(row["abstained"])) for row in rows]
    if rows[0].get("prediction_set") is not None:
        data["set"] = [[place[n] for n in (row["prediction_set"] or "").split("|") if n in place] for row in rows]
    if texts:
        data |= {name: [row[name] for row in rows] for name in ("start", "end")}
        data["text"] = [row["statement"] for row in rows]
        data["previous"] = list(_previous(rows))
    return data


def _previous(rows: Sequence[Row]) -> Iterator[str | int]:
    before = None
    for row in rows:
        same = before is not None and before["speech_id"] == row["speech_id"]
        yield 0 if same and before and before["statement"] == row["previous"] else row["previous"]
        before = row


def packed(data: dict[str, Any]) -> str:
    """JSON, deflated (raw, RFC 1951), in base64."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(squeeze.compress(text) + squeeze.flush()).decode()


def by_pages(rows: Iterable[Row], labels: Sequence[str], limit: int) -> list[tuple[list[Row], str]]:
    """Divide rows into pages of whole meetings, in order, with the data of each.

    A page's data stay below `limit` characters unless one meeting alone is larger.
    """
    pages: list[list[Row]] = []
    size = limit
    for _, group in groupby(rows, key=meeting_of):
        found = list(group)
        own = len(packed(columns(found, labels)))
        if size + own > limit:
            pages.append([])
            size = 0
        pages[-1] += found
        size += own
    return [(page, packed(columns(page, labels))) for page in pages]
