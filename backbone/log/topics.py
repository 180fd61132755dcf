"""Topic names and the patterns that select them: an exact name, or a prefix that ends in ``*``."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LEGAL = re.compile(r"[A-Za-z0-9._-]{1,249}")


def require_legal(topic: str) -> None:
    """Raise ValueError for a name that not every log accepts (Apache Kafka's rule is the narrowest)."""
    if not _LEGAL.fullmatch(topic) or topic in (".", ".."):
        raise ValueError(f"illegal topic name {topic!r}: 1 to 249 letters, digits, '.', '_' and '-'")


class TopicPatterns:
    """Which topics a consumer wants."""

    def __init__(self, topics: Sequence[str]) -> None:
        if not topics:
            raise ValueError("a consumer needs at least one topic")
        for topic in topics:
            require_legal(topic.removesuffix("*") or "any")
        self.names = tuple(t for t in topics if not t.endswith("*"))
        self.prefixes = tuple(t[:-1] for t in topics if t.endswith("*"))

    def match(self, topic: str) -> bool:
        return topic in self.names or topic.startswith(self.prefixes)

    def as_regex(self) -> str:
        """One regular expression for the whole of a topic name."""
        names = [re.escape(name) for name in self.names]
        prefixes = [f"{re.escape(prefix)}.*" for prefix in self.prefixes]
        return f"^(?:{'|'.join(names + prefixes)})$"
