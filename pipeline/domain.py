"""The records that every stage speaks of. Labels are strings of the codebook, never names in code."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TARGET = "target"  # a table's own column that names what a stance is towards


def shown_before(previous: str, target: str) -> str:
    """The sentence before and the target, if there is one; a text too long for the model loses its beginning first."""
    return " ".join(filter(None, (previous, target)))


@dataclass(frozen=True, slots=True)
class Transcript:
    """One meeting, debate, article or table as it came.

    Attributes:
        transcript_id: the symbol where there is one, else the path below the folder that was given.
        source: path of the file, as given (`archive.tar/member` inside an archive).
        sha256: hexadecimal digest of that file's bytes.
        kind: which reader understood it.
        symbol: document symbol such as `S/PV.9048`, or "".
        body: organ that met, such as `Security Council`, or "".
        date: ISO 8601 date, or "".
    """

    transcript_id: str
    source: str
    sha256: str
    kind: str
    symbol: str = ""
    body: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person says without a break, as a reader finds it.

    Attributes:
        text: what was said; paragraphs are separated by an empty line.
        speaker: form of address and name, such as `Ms. Okafor`; "" where unknown.
        affiliation: state, organisation or department as written; "" where unknown.
        country: ISO 3166 alpha-3 code where the affiliation is a state, else "".
        presiding: true for whoever chairs the meeting.
        language: language of delivery where the record names one, else "".
        previous: None for a speech; for a row that is one statement already, the sentence
            before it ("" where there is none).
        extra: a table's own columns, name to value.
    """

    text: str
    speaker: str = ""
    affiliation: str = ""
    country: str = ""
    presiding: bool = False
    language: str = ""
    previous: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speech:
    """A turn with its place: `speech_id` is `<transcript_id>:<order>`, `order` counts from 1."""

    speech_id: str
    order: int
    transcript: Transcript
    turn: Turn


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a speech: `speech.turn.text[start:end] == text`.

    `statement_id` is `<speech_id>:<start>:<first 8 hexadecimal digits of the text's SHA-256>`, so that
    it does not depend on other files and tells when the text has changed.
    """

    statement_id: str
    speech: Speech
    start: int
    end: int
    previous: str
    text: str

    @property
    def shown_before(self) -> str:
        """What the model is shown beside the statement; see `shown_before`."""
        return shown_before(self.previous, self.speech.turn.extra.get(TARGET, ""))


@dataclass(frozen=True, slots=True)
class Reject:
    """A file (or a part of one) that could not be read, why, and what to do about it."""

    source: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """One decision of one annotator; `second` is the label they wavered over, "" for none.

    `confidence` is in 0..1. `where` is `file:line`, for messages. `note` holds reasons.
    """

    annotator: str
    statement_id: str
    label: str
    second: str
    confidence: float
    date: str
    codebook: str
    where: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled statement as models see it; the group is the speech, on which splits are made.

    `previous` holds what `shown_before` gives: the sentence before, and the target where the data has targets.
    """

    statement_id: str
    group: str
    statement: str
    previous: str
    label: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: statements scored, those of an interrupted run among them.
        resumed: how many of these an interrupted run had left.
        expected: statements that the inputs will come to, by what has been read so far; 0 while unknown.
        rejects: what could not be read so far.
    """

    done: int
    resumed: int
    expected: int
    rejects: int
