"""What statements are about, by the patterns of `configs/topics.yaml`."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
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

    def of_statements(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """The topic of each statement: what it names, or its speech named last, or its transcript names most.

        Args:
            rows: with `statement_id`, `speech_id` and `statement`, in the order of their speeches.

        Returns:
            Statement id to topic; `OTHER` where the transcript names none.
        """
        named = {row["statement_id"]: self.named(row["statement"]) for row in rows}
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            counts[transcript_of(row)].update(filter(None, [named[row["statement_id"]]]))
        most = {name: count.most_common(1)[0][0] for name, count in counts.items() if count}
        last: dict[str, str] = {}
        for row in rows:
            fallback = last.get(row["speech_id"]) or most.get(transcript_of(row), OTHER)
            last[row["speech_id"]] = named[row["statement_id"]] or fallback
            named[row["statement_id"]] = last[row["speech_id"]]
        return {statement: topic or OTHER for statement, topic in named.items()}


def transcript_of(row: Mapping[str, Any]) -> str:
    """The transcript that a statement's speech belongs to."""
    return str(row["speech_id"].rpartition(":")[0])


def load_topics(path: Path) -> Topics:
    """Read the patterns; raises ConfigError where they are not as they should be."""
    return load_yaml(path, Topics, "Its form is in pipeline/topics.py.")
