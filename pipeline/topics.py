"""What statements are about, by the patterns of `configs/topics.yaml`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.params import load_yaml

OTHER = "other"


class Topics(BaseModel):
    """Patterns, matched without case: a topic's, and those of explicit stances and of the matter's neighbourhood."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    topics: dict[str, str]
    explicit: str
    near: str

    def named(self, text: str) -> str | None:
        """The topic that a text names first; None where it names none."""
        places = [(m.start(), name) for name, pattern in self.topics.items() if (m := re.search(pattern, text, re.I))]
        return min(places)[1] if places else None

    def is_explicit(self, text: str) -> bool:
        """Whether the words of the stances stand in a text."""
        return bool(re.search(self.explicit, text, re.I))

    def is_near(self, text: str) -> bool:
        """Whether a text has a word of the matter."""
        return bool(re.search(self.near, text, re.I))

    def of_statements(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """The topic of each statement, in the order of their speeches; `OTHER` before any is named.

        Args:
            rows: with `statement_id`, `speech_id` and `statement`.
        """
        last: dict[str, str] = {}
        found = {}
        for row in rows:
            named = self.named(row["statement"]) or last.get(row["speech_id"], OTHER)
            found[row["statement_id"]] = last[row["speech_id"]] = named
        return found


def load_topics(path: Path) -> Topics:
    """Read the patterns; raises ConfigError where they are not as they should be."""
    return load_yaml(path, Topics, "Its form is in pipeline/topics.py.")
