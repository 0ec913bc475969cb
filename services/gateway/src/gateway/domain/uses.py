"""Which personal access tokens were accepted, and what of it is still to be told (P 3.13)."""

from __future__ import annotations

from typing import Final

from contracts.uses import MINUTE_MS, TokenUses

TOKENS_MAX: Final = 10_000
"""In one message: far below what the broker takes."""


class Uses:
    """A worker's tokens of the running minute. Each is told once a minute, however often it is used."""

    def __init__(self) -> None:
        self._minutes: dict[str, int] = {}
        """Token to the last minute that was noted."""
        self._news: dict[int, list[str]] = {}
        """Minute to tokens that nobody was told of."""

    @property
    def remembered(self) -> int:
        """How many tokens are held in memory."""
        return len(self._minutes)

    def note(self, token: str, at_ms: int) -> None:
        """A token was accepted at an instant (milliseconds since the epoch)."""
        minute = at_ms - at_ms % MINUTE_MS
        if self._minutes.get(token, -1) < minute:
            self._minutes[token] = minute
            self._news.setdefault(minute, []).append(token)

    def taken(self) -> list[TokenUses]:
        """What is to be told now, oldest minute first; it is not given again. Tokens of past minutes are forgotten."""
        news, self._news = self._news, {}
        if news:
            newest = max(news)
            self._minutes = {token: minute for token, minute in self._minutes.items() if minute >= newest}
        return [
            TokenUses(minute_ms=minute, tokens=tuple(tokens[start : start + TOKENS_MAX]))
            for minute, tokens in sorted(news.items())
            for start in range(0, len(tokens), TOKENS_MAX)
        ]
