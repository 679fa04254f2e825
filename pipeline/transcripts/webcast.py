"""transcripts.un.org JSON: speech recognition of the UN's webcasts, which is not the record."""

from collections.abc import Iterator
from typing import Any

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.errors import InputError
from pipeline.transcripts.tables import as_text


def read_webcast(document: dict[str, Any], source: str) -> tuple[dict[str, str], Iterator[Turn]]:
    """Read one machine transcript: its head's fields and its turns.

    Raises:
        InputError: the parts that the format promises are missing.
    """
    try:
        video = document.get("video") or {}
        entries = document["transcript"]["data"]
        turns = [_turn(entry) for entry in entries]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            source,
            expected="transcript.data[] with speaker and paragraphs[].sentences[].text",
            found=f"JSON without it ({error!r})",
            remedy="Export the transcript from transcripts.un.org again.",
        ) from None
    symbol = as_text(video.get("pv_symbol") or "")
    body = {"S": "Security Council", "A": "General Assembly"}.get(symbol[:1], "")
    head = {"symbol": symbol, "body": body, "date": as_text(video.get("date") or "")[:10]}
    return head, (turn for turn in turns if turn.text)


def _turn(entry: dict[str, Any]) -> Turn:
    speaker = entry.get("speaker") or {}
    code = country_code(as_text(speaker.get("affiliation") or ""))
    affiliation = speaker.get("affiliation_full") or speaker.get("affiliation") or speaker.get("group") or ""
    function = as_text(speaker.get("function") or "")
    paragraphs = (
        " ".join(as_text(sentence["text"]).strip() for sentence in paragraph["sentences"])
        for paragraph in entry["paragraphs"]
    )
    return Turn(
        text="\n\n".join(filter(None, paragraphs)),
        speaker=as_text(speaker.get("name") or ""),
        affiliation=as_text(affiliation),
        country=code,
        presiding=function.casefold() in ("president", "chair", "acting president"),
        extra={"transcribed_by": "machine"},
    )
