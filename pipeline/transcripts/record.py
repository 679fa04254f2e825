"""Verbatim records (PV): head of the record and turns, from paragraphs of a PDF or of a text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.transcripts.paragraphs import Paragraph

SYMBOL = re.compile(
    r"\b(?:A|S)/(?:(?:C\.\d|ES-\d+|S-\d+)/)?(?:\d{1,3}/)?PV\.\d+(?: ?\((?:Resumption|Part) ?\d+\)|/Resumption\.\d+"
    r"|\.Resumption\.\d+)?"
)
_BODIES = {"S": "Security Council", "A": "General Assembly"}
_DATE = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? (\d{1,2}) (January|February|March|April|May|June|July|August"
    r"|September|October|November|December) (\d{4})"
)
_OPENED = re.compile(r"^The (?:meeting|\S+ meeting|session) (?:was (?:called to order|resumed|opened)|resumed)\b")
_CLOSED = re.compile(r"^The meeting (?:rose|was adjourned)\b")
_CHAIR = re.compile(
    r"^The (?:Acting |Temporary |Deputy |Provisional |Interim )*(?:Co-|Vice-)?"
    r"(?:President|Chair(?:man|person|woman)?)$",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    r"^(?:spoke|speaking|interpretation|translation|delivered|continued|spoken|translated)\b[^)]*?\b(?:in|from) (\w+)"
)
_PAREN = r"\s*\((?:[^()]|\([^()]*\))*\)"
_HEAD = re.compile(
    rf"^(?:\d+\.\s+)?(?P<name>[^\W\d_][\w.'’`´,/\- \x80-\U0010ffff]*?)(?::?(?P<parens>(?:{_PAREN})+))?"
    rf"(?P<role>,[^:;()]{{3,120}}(?:{_PAREN})?)?\s*[:;]\s*",
)
TITLES = (
    r"(?:Mr|Mrs|Ms|Miss|Mme|M|Dr|Prof|Msgr|Rev|Gen|Lt|Col|Amb|Hon)\.?|Professor|Sir|Dame|Lord|Lady|Baron|Baroness|Count|"
    r"Countess|Prince|Princess|Crown Prince|King|Queen|Emir|Sheikh|Sheikha|Shaikh|Shaikha|Sayyid|Judge|Justice|"
    r"Archbishop|Bishop|Cardinal|Monsignor|Father|Reverend|Rabbi|Imam|General|Major|Colonel|Admiral|Captain|"
    r"Brigadier|Lieutenant|Ambassador|Minister|President|Chief|Nana|Dato|Datuk|Tan Sri|Tun|Pehin|U|Daw|Haji|"
    r"Begum|Ato|Archduke|Grand Duke|The Right Honourable|Ratu|Tuiloma|Fürst|Don|Doña"
)
_TITLED = re.compile(
    rf"^(?:(?:{TITLES})\s+\S|The (?:(?:[A-Z]|(?<=-)\w)[\w']*[ -]+)*(?:[A-Z][\w']*)?"
    rf"(?:President|PRESIDENT|Chair\w*|CHAIR\w*|Secretary|Secretary-General|SECRETARY-GENERAL|Rapporteur|Emperor|King|Prosecutor|Registrar))",
    re.UNICODE,
)
_STAGE = re.compile(
    r"^(?:It was so decided|The (?:agenda|provisional agenda) was adopted|A (?:recorded |secret )?vote was taken"
    r"|There being none"
    r"|The (?:draft )?(?:resolution|decision|amendment)s?\b.{0,80}\bw(?:as|ere) (?:not )?(?:adopted|rejected)"
    r"|Draft (?:resolution|decision)\b.{0,120}\bw(?:as|ere) (?:not )?(?:adopted|rejected)"
    r"|(?:Paragraph|Operative paragraph|The (?:\w+ )?preambular paragraph).{0,80}\bw(?:as|ere) (?:retained|adopted)"
    r"|At the invitation of the (?:President|Chair)|The members of the (?:General Assembly|Council)\b.{0,60}observed"
    r"|(?:Mr|Ms|Mrs|Sir|Dr)\.? .{2,120}(?:took the Chair|took (?:a|the) seat|w(?:as|ere) escorted|withdrew"
    r"|returned to the Chair|resumed the Chair)|The (?:meeting|sitting) (?:was|rose|resumed)\b"
    r"|The President (?:returned to|resumed|in the) )",
    re.IGNORECASE,
)
_VOTE = re.compile(r"^(?:In favour|Against|Abstaining|Abstentions|Present and not voting|Not participating)\s*:", re.I)
_NATIONAL = re.compile(
    r"\bin my (?:national )?capacity as (?:the )?"
    r"(?:(?:permanent |deputy )?representative|\w+ \w+|minister[^.]{0,60}) of (?:the )?"
    r"(?P<state>[A-Z][^.,;]*)|\bin my national capacity\b"
)
_RESUMES = re.compile(
    r"\bI (?:now |shall now |shall |will now )?resume my (?:functions?|role|duties|capacity)", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?](?:\s+|$)")
_ASIDE = re.compile(r"^\((?:spoke|speaking|continued|resumed|interpretation)[^)]*\)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """What a record's first page says: symbol, organ, ISO 8601 date and who presides, "" where unknown."""

    symbol: str = ""
    body: str = ""
    date: str = ""
    president: str = ""
    president_state: str = ""


@dataclass(frozen=True, slots=True)
class _Opening:
    """A turn's form of address, and where in the paragraph the speech begins."""

    speaker: str
    affiliation: str
    language: str
    presiding: bool
    end: int


def parse_head(text: str) -> Head:
    """Read symbol, body, date and President from the lines before the meeting opens."""
    symbol = SYMBOL.search(text)
    date = _DATE.search(text)
    chair = re.search(r"^\s*(?:President|Chair\w*|Acting President|Temporary President)\s*:\s*(.+)$", text, re.M)
    name, state = "", ""
    if chair:
        plain = re.sub(r"\s*(?:\. ?){3,}\s*", " ", chair[1])
        match = re.match(r"(.*?)\s*(?:\(((?:[^()]|\([^()]*\))*)\))?\s*$", plain)
        name, state = (match[1], match[2] or "") if match else (plain, "")
    found = symbol[0] if symbol else ""
    iso = datetime.strptime(" ".join(date.groups()), "%d %B %Y").date().isoformat() if date else ""
    body = _BODIES.get(found[:1], "")
    committee = re.match(r"A/C\.(\d)/", found)
    if committee:
        names = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
        body = f"{names[min(int(committee[1]), 6) - 1]} Committee"
    return Head(found, body, iso, " ".join(name.split()), " ".join(state.split()))


def _parens(text: str) -> tuple[str, str]:
    """Affiliation and language from the parentheses after a name, in either order."""
    affiliation = language = ""
    for part in re.findall(r"\(((?:[^()]|\([^()]*\))*)\)", text):
        spoken = _LANGUAGE.match(part.strip())
        if spoken:
            language = spoken[1]
        elif not affiliation:
            affiliation = part.strip()
    return affiliation, language


def opening(paragraph: Paragraph) -> _Opening | None:
    """Tell whether a paragraph opens a turn.

    With type, the name must be bold and the rest not; without, it must be a form of address.
    """
    text = paragraph.text
    match = _HEAD.match(text[:400])
    if match is None:
        return None
    name = " ".join(match["name"].split()).strip(" ,")
    titled = bool(_TITLED.match(name))
    if paragraph.bold is not None:
        if not paragraph.bold or paragraph.bold >= len(text) or paragraph.bold < min(3, len(name)):
            return None
        if not titled and not match["parens"] and len(name.split()) > 6:
            return None
    elif not titled or (len(name.split()) > 8 and not match["parens"]):
        return None
    affiliation, language = _parens((match["parens"] or "") + (match["role"] or ""))
    return _Opening(name, affiliation, language, bool(_CHAIR.match(name)), match.end())


def _is_heading(paragraph: Paragraph) -> bool:
    """Wholly bold, but for what stands in parentheses ("(continued)")."""
    if paragraph.bold is None:
        return bool(re.match(r"^(?:Agenda items? \d|Draft (?:resolution|decision) \()", paragraph.text))
    plain = re.sub(r"\([^)]*\)", "", paragraph.text).strip()
    return paragraph.bold > 0 and paragraph.bold >= 0.9 * len(plain)


def _is_stage_direction(paragraph: Paragraph) -> bool:
    text = paragraph.text
    if text.startswith("[") and text.endswith("]"):
        return True
    if paragraph.italic is None:
        return bool(_STAGE.match(text))
    if paragraph.italic > 0.55:
        return True
    return paragraph.italic > 0.2 and bool(_STAGE.match(text))


def _after_opening(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Drop what stands before the meeting opens; all is kept where the record says no such thing."""
    items = list(paragraphs)
    begin = next((i + 1 for i, p in enumerate(items) if _OPENED.match(p.text)), 0)
    return iter(items[begin:])


def read_turns(paragraphs: Iterable[Paragraph], head: Head) -> Iterator[Turn]:
    """Give every turn of a record in order.

    Args:
        paragraphs: all of the record's, in reading order.
        head: of the same record; its President's state is given to turns "in my capacity as the
            representative of …".

    Yields:
        Turns, without headings, stage directions, vote lists and notes; paragraphs are separated by an
        empty line.
    """
    current: _Opening | None = None
    texts: list[str] = []
    voting = False
    for paragraph in _after_opening(paragraphs):
        if _CLOSED.match(paragraph.text):
            break
        begins = opening(paragraph)
        if begins is None and (_is_stage_direction(paragraph) or _is_heading(paragraph)):
            voting = bool(_VOTE.match(paragraph.text))
        elif begins is None and (voting or _VOTE.match(paragraph.text)):
            voting = True
        elif begins is not None:
            if current is not None:
                yield from _turns(current, texts, head)
            current, texts, voting = begins, [paragraph.text[begins.end :].strip()], False
        elif current is not None:
            texts.append(_ASIDE.sub("", paragraph.text))
    if current is not None:
        yield from _turns(current, texts, head)


def _turns(begins: _Opening, texts: list[str], head: Head) -> Iterator[Turn]:
    turn = Turn(
        text="",
        speaker=begins.speaker,
        affiliation=begins.affiliation,
        country=country_code(begins.affiliation),
        presiding=begins.presiding,
        language=begins.language,
    )
    for national, part in _by_capacity(texts) if begins.presiding else [(None, texts)]:
        text = "\n\n".join(filter(None, part))
        if text and national is None:
            yield replace(turn, text=text)
        elif text:
            state = national or head.president_state
            yield replace(
                turn,
                text=text,
                speaker=head.president or begins.speaker,
                affiliation=state,
                country=country_code(state),
                presiding=False,
            )


def _by_capacity(texts: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Part what a President says for the presidency (None) from what they say for their own state."""
    state: str | None = None
    part: list[str] = []
    for text in texts:
        if state is not None and _RESUMES.search(text):
            yield state, part
            state, part = None, []
        announced = _NATIONAL.search(text) if state is None else None
        if announced is None:
            part.append(text)
            continue
        end = _SENTENCE_END.search(text, announced.end())
        cut = end.end() if end else len(text)
        yield None, [*part, text[:cut].strip()]
        state, part = " ".join((announced["state"] or "").split()), [text[cut:].strip()]
    if part:
        yield state, part
