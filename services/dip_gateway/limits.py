"""How fast: token buckets, one per key. Pure: the caller brings the time."""

from __future__ import annotations

_KEPT = 4_096


class Bucket:
    """``rate`` per second, ``burst`` at once. A rate of 0 lets everything through."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, key: str, seconds: float) -> float | None:
        """Take one token; None when there was one, else the seconds until there is. ``seconds``: now."""
        if self._rate <= 0:
            return None
        level, at = self._levels.get(key, (self._burst, seconds))
        level = min(self._burst, level + (seconds - at) * self._rate)
        if len(self._levels) >= _KEPT and key not in self._levels:
            self._levels.pop(next(iter(self._levels)))
        if level < 1.0:
            self._levels[key] = (level, seconds)
            return (1.0 - level) / self._rate
        self._levels[key] = (level - 1.0, seconds)
        return None
