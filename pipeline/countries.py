"""Names of states as spoken in records, in ISO 3166 alpha-3 (ISO 3166-3 for states that are no more).

The table beside this file is our own: `countrynames`, the library for this, needs PyICU, which ships
no wheel and does not build on a bare machine.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files


def _parts(cell: str) -> list[str]:
    return [part for part in cell.split("|") if part]


@cache
def _rows() -> list[tuple[str, list[str], list[str], list[str]]]:
    text = files("pipeline").joinpath("countries.tsv").read_text("utf-8")
    rows = []
    for line in text.splitlines():
        code, names, demonyms, capitals = (line + "\t\t\t").split("\t")[:4]
        rows.append((code, _parts(names), _parts(demonyms), _parts(capitals)))
    return rows


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("’", "'").replace("&", "and")).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"^the ", "", re.sub(r"[^a-z' ]+", " ", letters).strip())


def _squeeze(name: str) -> str:
    return re.sub(r"\s+", " ", _fold(name)).replace("'", "").strip()


@cache
def _codes() -> dict[str, str]:
    codes = {_squeeze(name): code for code, names, _, _ in _rows() for name in names}
    return codes | {code.casefold(): code for code, *_ in _rows()}


@cache
def country_code(name: str) -> str:
    """Give the alpha-3 code of a state as records and data sets name it.

    Args:
        name: such as `Bolivia (Plurinational State of)`, `the Sudan`, `Turkey` or `PRK`.

    Returns:
        The code, or "" where the name is no state's (an organisation, a department, a firm).
    """
    return _codes().get(_squeeze(name), "")


@cache
def state_names() -> frozenset[str]:
    """The short name of every state, as running text has it."""
    return frozenset(names[0] for _, names, _, _ in _rows() if "(" not in names[0])


@cache
def mentions_pattern() -> re.Pattern[str]:
    """A pattern for a state's name, demonym or capital in running text, longest first."""
    words = {w for _, names, demonyms, capitals in _rows() for w in (*names, *demonyms, *capitals)}
    ordered = sorted(words, key=lambda word: (-len(word), word))
    alternatives = "|".join(re.escape(word).replace("'", "['’]") for word in ordered)
    return re.compile(rf"(?<![\w.])(?:{alternatives})(?!\w)")


@cache
def mention_code(word: str) -> str:
    """Give the alpha-3 code for a name, a demonym or a capital that `mentions_pattern` found."""
    known = {_squeeze(w): code for code, _, demonyms, capitals in _rows() for w in (*demonyms, *capitals)}
    return country_code(word) or known.get(_squeeze(word), "")
