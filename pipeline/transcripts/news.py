"""News reports: each quotation and paraphrase is given to whoever it is attributed to.

A person is introduced with name, office and country ("Kenya's ambassador, Ana Example, …"); later
sentences go on with a surname, a pronoun or a demonym ("the Kenyan envoy said"). A sentence that quotes
or reports nobody is the reporter's own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.countries import country_code, mention_code, mentions_pattern
from pipeline.domain import Turn
from pipeline.sentences import sentence_spans
from pipeline.transcripts.text import split_paragraphs

REPORTER = "(reporter)"
_SAYS = (
    r"(?:said|says|added|adds|told|tells|argued|argues|stressed|stresses|insisted|insists|claimed|claims|noted|notes|warned|warns|"
    r"asked|asks|declared|declares|stated|states|emphasized|emphasised|emphasizes|replied|responded|countered|continued|"
    r"concluded|explained|explains|urged|urges|called|calls|criticized|criticised|criticizing|criticising|blamed|blames|slammed|accused|"
    r"accuses|condemned|condemns|praised|praises|welcomed|rejected|rejects|dismissed|described|describes|complained|maintained|reiterated|"
    r"recalled|pointed|referred|acknowledged|conceded|denied|denounced|defended|demanded|appealed|pleaded|"
    r"proposed|suggested|announced|pledged|vowed|promised|questioned|wondered|asserted|contended|cautioned|observed|"
    r"remarked|agreed|disagreed|expressed|voiced|lamented|regretted|went on|spoke|retorted|quipped|remained|deplored|"
    r"hailed|commended|offered|underlined|underscored|highlighted|affirmed|confirmed|reaffirmed|protested|objected|"
    r"invited|thanked|admitted|summed|put it|hoped|hopes|held|holds|considered|considers|regretted|regrets|indicated|"
    r"repeated|requested|mentioned|believed|believes|deemed|supported|opposed|disclosed|exclude|inclined|insisting)"
)
_NAME = r"(?:[A-Z][\w'’-]+|[A-Z]\.|al|de|da|der|den|di|van|von|bin|ibn|el|la|le|dos|do|del)"
_FULL = rf"[A-Z][\w'’-]+(?:\s+{_NAME}){{0,3}}\s+[A-Z][\w'’-]+|[A-Z][\w'’-]+\s+[A-Z][\w'’-]+"
_OFFICE = (
    r"(?:[Dd]eputy |[Aa]cting |[Aa]ssistant |[Uu]nder-|[Vv]ice[- ]|[Pp]ermanent |[Ff]oreign |[Pp]rime |UN |"
    r"U\.N\. |[Ss]pecial |[Ss]enior |[Cc]hief |[Gg]eneral |[Aa]ssembly |[Ss]ecurity |[Cc]ouncil |[Ff]irst |"
    r"[Cc]hargé |[Pp]olitical )*(?:[Aa]mbassador|[Rr]epresentative|[Ee]nvoy|[Mm]inister|[Pp]resident|"
    r"[Ss]pokes(?:man|woman|person)|[Dd]elegate|[Cc]ounsell?or|[Dd]iplomat|[Ss]ecretary(?:-[Gg]eneral)?|[Cc]hair(?:man|woman|person)?|"
    r"[Cc]oordinator|[Oo]fficial|[Aa]ttaché|d['’]affaires|[Cc]ommissioner|[Rr]apporteur|[Hh]ead|[Oo]bserver|[Dd]irector|[Ee]xpert)"
)
_HONORIFIC = r"(?:Mr|Mrs|Ms|Dr|Sir|Dame|Prof)\.?\s+"
_NOT_NAMES = frozenset(
    "The This That These Those In On At But And Wednesday Thursday Monday Tuesday Friday Saturday Sunday January "
    "February March April May June July August September October November December United Nations Security "
    "Council General Assembly North South Korean Korea Republic Democratic People Ambassador Deputy Foreign "
    "Minister President Charter Resolution Member States State Secretary Kingdom America American Russian Chinese "
    "Peninsula Panel Experts Committee Permanent UN US Agenda Read House Department European Union African Group "
    "Government Mission New York Geneva Vienna White Islamic West East Central Prime According When While After "
    "Before Then Asked Both Neither Another Other Not Nearly Only For From With Under Her His Their".split()
)
_PRONOUN = re.compile(
    rf"\b(?:[Hh]e|[Ss]he)\s+(?:(?:\w+ly|also|then|had|has|did|not|was|nevertheless|likewise)\s+){{0,3}}{_SAYS}\b"
)
_SAYING = re.compile(rf"\b{_SAYS}\b")
_ACCORDING = re.compile(
    r"\b[Aa]ccording to\b|\bin the words of\b|\b[Ii]n (?:his|her|whose) (?:words|view|opinion)\b"
    r"|\bof the (?:opinion|view)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Oo]ur|[Mm]y|us)\b")
_QUOTE = re.compile(r"[“\"][^”\"]+(?:[”\"]|$)|[“\"]")
_HEADLINE_END = re.compile(r"[.!?…]['”\"’)]*$")


@dataclass(slots=True)
class _Person:
    name: str
    surname: str
    affiliation: str
    country: str


def looks_like_news(text: str) -> bool:
    """At least three quotations with an attribution as dense as in an article, or a report without a first person."""
    attributed = re.findall(
        rf"[”\"]\s*(?:,\s*)?(?:he|she|{_HONORIFIC}\S+|[A-Z]\w+(?: [A-Z]\w+)?|the \w+ \w+) {_SAYS}\b"
        rf"|{_SAYS}[^.\n“\"]{{0,60}}[“\"]|[,.?!][”\"]\s*{_SAYS}\b",
        text,
    )
    return (len(attributed) >= 3 and len(attributed) >= len(text) / 6000) or _is_third_person(text)


def _is_third_person(text: str) -> bool:
    """Whether nobody says "I" or "we" outside quotations, and three people are introduced with their office."""
    outside = _QUOTE.sub(" ", text)
    if len(_FIRST_PERSON.findall(outside)) > len(outside.split()) / 400:
        return False
    cast = _Cast()
    for paragraph in split_paragraphs(text):
        cast.introduce(_outside_quotes(paragraph))
    return len(cast.people) >= 3


class _Cast:
    """Who has been introduced so far, and who spoke last."""

    def __init__(self) -> None:
        self.people: list[_Person] = []
        self.last: _Person | None = None
        self.section: str = ""  # country named in the last heading

    def introduce(self, sentence: str) -> None:
        """Take note of persons named together with an office."""
        for match in re.finditer(rf"{_OFFICE}\b", sentence):
            name = self._name_near(sentence, match.start(), match.end())
            if name is None:
                continue
            surname = name.split()[-1]
            affiliation, code = _affiliation(sentence, match, name)
            known = self.find(name)
            if known is None:
                self.people.append(_Person(name, surname, affiliation, code))
            elif not known.affiliation:
                known.affiliation, known.country = affiliation, code

    def _name_near(self, sentence: str, start: int, end: int) -> str | None:
        after = re.match(
            rf"(?:\s+(?:to|of|at|for)\s+[^,.“”\"]{{2,60}})?\s*,?\s+(?:{_HONORIFIC})?(?P<n>{_FULL})", sentence[end:]
        )
        if after and _is_name(after["n"]):
            return " ".join(after["n"].split())
        before = re.search(rf"(?P<n>{_FULL}),\s+(?:[\w'’.-]+\s+){{0,7}}$", sentence[:start])
        if before and _is_name(before["n"]):
            return " ".join(before["n"].split())
        return None

    def find(self, name: str) -> _Person | None:
        """Somebody introduced already, by full name or by a part of it."""
        parts = set(name.split())
        return next((p for p in reversed(self.people) if parts <= set(p.name.split()) or p.name == name), None)

    def named(self, text: str, verb: int) -> _Person | None:
        """Whoever of those introduced is named first before the verb of saying, else after it."""
        places = [
            (match.start() > verb, match.start(), person)
            for person in self.people
            for part in {person.surname, person.name.split(" ")[0]}
            if part and part not in _NOT_NAMES and (match := _naming(part).search(text))
        ]
        return min(places, key=lambda place: place[:2])[2] if places else None

    def of_country(self, code: str) -> _Person | None:
        """The last person introduced for a state."""
        return next((p for p in reversed(self.people) if p.country == code), None)


def _naming(part: str) -> re.Pattern[str]:
    """A pattern for a name; long ones also with a space inside ("De Laurentis" for "DeLaurentis")."""
    spelled = r"\s?".join(map(re.escape, part)) if len(part) > 6 else re.escape(part)
    return re.compile(rf"\b{spelled}(?!\w)(?!['’]s\b)")


def _is_name(name: str) -> bool:
    words = name.split()
    return len(words) >= 2 and not any(word in _NOT_NAMES or mentions_pattern().fullmatch(word) for word in words)


def _affiliation(sentence: str, office: re.Match[str], name: str) -> tuple[str, str]:
    """State or organisation beside an office: "Kenya's ambassador", "ambassador of Kenya", "Kenyan envoy"."""
    window_start = max(0, office.start() - 60)
    around = sentence[window_start : office.end() + 60].replace(name, " " * len(name))
    best = None
    for match in mentions_pattern().finditer(around):
        start, end = match.start() + window_start, match.end() + window_start
        distance = office.start() - end if end <= office.start() else start - office.end()
        if re.search(r"[“”\"]", sentence[min(end, office.start()) : max(start, office.end())]):
            continue
        if best is None or distance < best[0]:
            best = (distance, match[0])
    if best:
        return best[1], mention_code(best[1])
    if re.search(r"Assembly President|President of the (?:General )?Assembly", sentence):
        return "General Assembly", ""
    if re.search(r"\bUN\b|U\.N\.|United Nations|Secretary-General|Secretariat", around):
        return "United Nations", ""
    return "", ""


def _outside_quotes(sentence: str) -> str:
    return _QUOTE.sub(lambda match: " " * len(match[0]), sentence)


def _speaker(sentence: str, cast: _Cast, *, continues: bool) -> _Person | None:
    """Whoever a sentence quotes or reports; None for the reporter's own sentences."""
    outside = _outside_quotes(sentence)
    quoted = bool(re.search(r"[“\"]", sentence))
    says = _SAYING.search(outside)
    if not quoted and not says and not _ACCORDING.search(outside) and not continues:
        return None
    named = cast.named(outside, says.start() if says else len(outside))
    if named and (says or quoted or _ACCORDING.search(outside)):
        return named
    if cast.last and (_PRONOUN.search(outside) or re.search(r"\b[Ii]n (?:his|her) (?:words|view|opinion)\b", outside)):
        return cast.last
    if says or quoted:
        by_state = _by_state(outside, cast, says)
        if by_state:
            return by_state
    if (quoted and not re.search(r"[A-Za-z]{3}", outside)) or continues or (quoted and cast.last and not says):
        return cast.last
    return None


def _by_state(outside: str, cast: _Cast, says: re.Match[str] | None) -> _Person | None:
    """Whoever speaks for a state that is named: "China said", "the Kenyan delegate added", "Beijing's envoy"."""
    for match in mentions_pattern().finditer(outside):
        follows = outside[match.end() :]
        office = re.match(rf"(?:['’]s)?\s+(?:\w+\s+){{0,2}}{_OFFICE}\b", follows)
        verb = re.match(rf"(?:['’]s)?(?:\s+\w+ly)?\s+{_SAYS}\b", follows)
        if says and (office or verb):
            code = mention_code(match[0])
            known = cast.of_country(code)
            if known is None and office:
                known = _Person("", "", match[0], code)
                cast.people.append(known)
            return known
    if re.search(
        r"\b[Tt]he (?:\w+ ){0,2}(?:ambassador|envoy|diplomat|representative|delegate|minister|spokes\w+|chair\w*)\b",
        outside,
    ):
        return cast.last
    return None


def _is_heading(paragraph: str) -> bool:
    return not _HEADLINE_END.search(paragraph) and len(paragraph.split()) <= 16


def read_news(text: str) -> Iterator[Turn]:
    """Give an article's passages in order: runs of one person's statements, or of the reporter's.

    The reporter's own passages carry the speaker `(reporter)`. Headlines, sub-headings and links to other
    articles are left out.
    """
    cast = _Cast()
    person: _Person | None = None
    run: list[str] = []
    for sentence, starts in _sentences(text, cast):
        cast.introduce(_outside_quotes(sentence))
        goes_on = r"[“\"]|(?:He|She|His|Her)\b" if person else r"[“\"]"
        continues = bool(re.match(goes_on, sentence)) and not starts and cast.last is not None
        speaker = _speaker(sentence, cast, continues=continues)
        if run and (speaker is not person):
            yield _turn(person, run)
            run = []
        person = speaker
        cast.last = speaker or cast.last
        run.append(sentence if not (run and starts) else f"\n\n{sentence}")
    if run:
        yield _turn(person, run)


def _sentences(text: str, cast: _Cast) -> Iterator[tuple[str, bool]]:
    """Sentences of the article's body, and whether each begins a paragraph."""
    paragraphs = split_paragraphs(text)
    for number, paragraph in enumerate(paragraphs):
        if re.match(r"^(?:Read (?:next|more|also)|See also|Related|Watch|Listen)\b\s*:", paragraph):
            continue
        if _is_heading(paragraph) or (number == 0 and len(paragraph.split()) < 16):
            continue
        mended = re.sub(r"(?<=[.!?])(?=[“][A-Z])", " ", paragraph)
        for begin, (start, end) in enumerate(sentence_spans(mended)):
            yield mended[start:end], begin == 0


def _turn(person: _Person | None, run: list[str]) -> Turn:
    text = " ".join(run).replace(" \n\n", "\n\n")
    if person is None:
        return Turn(text, speaker=REPORTER)
    code = person.country or country_code(person.affiliation)
    return Turn(text, speaker=person.name, affiliation=person.affiliation, country=code)
