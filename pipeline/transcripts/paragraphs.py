"""Paragraphs as readers hand them on, and the mending of words broken at line ends."""

import re
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph in reading order.

    Attributes:
        text: one line, single spaces.
        bold: how many leading characters are bold; None where the format has no type.
        italic: share of the letters that are italic; None where the format has no type.
    """

    text: str
    bold: int | None = None
    italic: float | None = None


# Page and job numbers at the foot of a record's pages.
FOOTER = re.compile(r"^(?:\d+(?:/\d+)?|\d\d-\d{5}(?: \(E\))?|\*\d+\*|\d+(?:/\d+)? \d\d-\d{5}|\d\d-\d{5} \d+(?:/\d+)?)$")

# Where a break falls after one of these, the hyphen belongs to the word.
_COMPOUND_PREFIXES = frozenset(
    "all anti co counter cross decision ever ex far first follow full half high inter intra ill joint long low "
    "mid multi near new non on one over policy post pre pro re second self semi short six so socio sub super "
    "third three trans twenty thirty forty fifty sixty seventy eighty ninety two ultra under vice war well world "
    "year peace law confidence capacity state human cease".split()
)
_LONGEST_WORD = 200  # letters, with its hyphen
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def word_counts(text: str) -> Counter[str]:
    """Count words in lower case, hyphenated compounds as one, for `join_lines`."""
    return Counter(word.casefold() for word in _WORD.findall(text))


def _joint(left: str, right: str, words: Counter[str], *, typeset: bool) -> str:
    """What stands between two halves of a broken word: "-" or nothing."""
    head, tail = left.casefold(), right.casefold()
    hyphenated, whole = words[f"{head}-{tail}"], words[head + tail]
    if hyphenated or whole:
        return "-" if hyphenated >= whole else ""
    if typeset or not right[:1].islower() or head in _COMPOUND_PREFIXES:
        return "-"
    return ""


def join_lines(lines: list[str], words: Counter[str], *, typeset: bool = False) -> str:
    """Join a paragraph's lines into one, words broken at line ends made whole.

    Args:
        lines: the lines, without line ends.
        words: how often each word stands in the whole document; the spelling seen elsewhere wins.
        typeset: true where lines are only broken at hyphens that belong to the word.

    Returns:
        The paragraph, single spaces.
    """
    text = ""
    for line in (" ".join(line.split()) for line in lines):
        if not line:
            continue
        end = text[-_LONGEST_WORD:]  # searching all of it would cost the square of its length
        before = re.search(r"([^\W\d_]+)[-\xad\u2010]$", end)
        after = re.match(r"[^\W\d_]+", line)
        if before and after:
            text = text[:-1] + _joint(before[1], after[0], words, typeset=typeset) + line
        elif re.search(r"[\w)][-\u2010/—]$", end) and not text.endswith(" -"):
            text += line
        else:
            text = f"{text} {line}" if text else line
    return re.sub(r"([^\W\d_])- (?=[^\W\d_])(?!(?:and|or|to)\b)", r"\1-", text)
