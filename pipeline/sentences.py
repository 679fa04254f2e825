"""Sentences of a speech, with exact offsets: nupunkt's, mended for the language of records."""

import re
from collections.abc import Iterator

import nupunkt

Span = tuple[int, int]

# What ends a piece that is no sentence: titles, "para. 3", "Nos. 1", initials, enumerators.
_OPEN_END = re.compile(
    r"(?:^|[\s(“\"‘'\[])(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Gen|Lt|Col|Sgt|Capt|Amb|Hon|Rev|St|Ste|Msgr|Sr|Jr|Nos?|Art|Arts|para"
    r"|paras|sect|ch|chap|vol|vols|fig|figs|annex|rev|corr|add|pp?|ed|eds|cf|e\.g|i\.e|viz|vs|v|approx|ca|res|doc|docs|suppl"
    r"|[A-Z](?:\.[A-Z])*)\.[)\]]?$"
)
_ACRONYM_END = re.compile(r"(?:[A-Z]\.){2,}$")
_ENUMERATOR = re.compile(r"^[(\[]?(?:\d{1,3}|[a-z]|[ivxlc]{1,5}|[A-Z])[.)\]]+$")
_ABBREVIATED_NUMBER = re.compile(r"(?:^|\W)(?:Nos?|Art|Arts|para|paras|sect|ch|chap|vol|pp?|res|No)\.$", re.IGNORECASE)
_MISSED = re.compile(
    r"(?<=[a-z0-9)%’'][a-z0-9)%])[.!?](?:[”\"’')\]]{0,2})\s+(?=[“\"‘(\[]?[A-Z][\w’']*[\s,])|(?<=[.!?][”\"])\s+(?=[“\"]?[A-Z])"
)
_NOT_AFTER = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Gen|Lt|Col|Capt|Amb|Hon|Rev|St|Ste|Msgr|Sr|Jr|Nos|Art|Arts|para|paras|sect|chap|vol"
    r"|vols|fig|annex|rev|corr|add|pp|ed|eds|cf|viz|vs|approx|res|doc|docs|suppl|Inc|Ltd|Corp|Co|etc|No|a\.m|p\.m)\.)\s*$"
)


def sentence_spans(text: str) -> list[Span]:
    """Split a speech into sentences.

    Args:
        text: paragraphs separated by an empty line; a sentence never runs across paragraphs.

    Returns:
        Offsets `(start, end)` in order, without the white space around sentences.
    """
    spans: list[Span] = []
    for match in re.finditer(r"[^\n]+(?:\n(?!\n)[^\n]*)*", text):
        spans += _paragraph_spans(match[0], match.start())
    return spans


def _paragraph_spans(paragraph: str, offset: int) -> Iterator[Span]:
    merged: list[Span] = []
    for start, end in _split_missed(paragraph, nupunkt.sent_spans(paragraph)):
        if merged and _belongs_together(paragraph[slice(*merged[-1])].strip(), paragraph[start:end].strip()):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    for start, end in merged:
        piece = paragraph[start:end]
        inner = piece.strip()
        if any(char.isalnum() for char in inner):
            begin = start + len(piece) - len(piece.lstrip())
            yield offset + begin, offset + begin + len(inner)


def _split_missed(text: str, spans: list[Span]) -> Iterator[Span]:
    """Split once more where a sentence ends in a word that is also an abbreviation ("said no. We …")."""
    for start, end in spans:
        for match in _MISSED.finditer(text, start, end):
            if not _NOT_AFTER.search(text[max(start, match.start() - 12) : match.end()].rstrip("”\"’')] \n")):
                yield start, match.end()
                start = match.end()
        yield start, end


def _belongs_together(left: str, right: str) -> bool:
    """Whether two pieces are one sentence."""
    if not right or not left or not any(char.isalnum() for char in right):
        return True
    first = right.lstrip("“\"‘'([")[:1]
    if _ENUMERATOR.match(left):
        return True
    if first.islower() and not re.match(r"\(?[a-z]\)", right):
        return True
    if first.isdigit() and _ABBREVIATED_NUMBER.search(left):
        return True
    return bool(_OPEN_END.search(left)) and not _ends_with_acronym(left, right)


def _ends_with_acronym(left: str, right: str) -> bool:
    """Whether an acronym ends a sentence: "… of the U.S. We …" does, "the U.S. Government" does not."""
    return bool(_ACRONYM_END.search(left)) and bool(
        re.match(
            r"[“\"‘(]?(?:The|We|It|I|This|That|These|Those|In|He|She|They|A|An|As|But|And|If|Our|My|For|On)\b", right
        )
    )
