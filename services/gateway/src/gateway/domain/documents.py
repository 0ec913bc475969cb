"""Which texts of operations a worker still has to tell, and how many it tells: callers choose them (DESIGN 8)."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contracts.documents import TEXT_BYTES_MAX

HEARD_MAX: Final = 500
"""New texts that may wait to be told. Others come again when somebody looks at what is compiled."""
TOLD_MAX: Final = 20_000
"""Texts that a worker knows to have told; of those forgotten some are told twice."""
TOLD_DAYS: Final = 7
"""After so many days a text that is still called is told again, so that it does not grow too old to be kept."""
TEXTS_A_DAY: Final = 500
BYTES_A_DAY: Final = 2 * 1024 * 1024
"""So much is told of one environment on one day, by each worker."""


class Heard(NamedTuple):
    """A text that was compiled."""

    service: str
    environment: str
    digest: str
    text: str


@dataclass(slots=True)
class _Spent:
    texts: int = 0
    size: int = 0


@dataclass(slots=True)
class Telling:
    """A worker's memory of what it heard and told. `heard` may be called from any thread, the rest from one."""

    _news: deque[Heard] = field(default_factory=lambda: deque(maxlen=HEARD_MAX))
    _told: OrderedDict[tuple[str, str], int] = field(default_factory=OrderedDict)
    _day: int = 0
    _spent: dict[str, _Spent] = field(default_factory=dict)

    def heard(self, news: Heard) -> None:
        """A text was compiled. Too many at once push out the oldest."""
        if len(news.text) <= TEXT_BYTES_MAX:
            self._news.append(news)

    def is_news(self, service: str, digest: str, day: int) -> bool:
        """Whether it was not told in the last days."""
        before = self._told.get((service, digest))
        return before is None or day - before >= TOLD_DAYS

    def next(self, day: int) -> Heard | None:
        """The next text to tell on a day (since the epoch); None when there is none left."""
        if day != self._day:
            self._day = day
            self._spent.clear()
        while self._news:
            news = self._news.popleft()
            if self._fits(news, day):
                return news
        return None

    def told(self, news: Heard, day: int) -> None:
        """It lies where it can be looked up."""
        key = (news.service, news.digest)
        self._told[key] = day
        self._told.move_to_end(key)
        if len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        spent = self._spent.setdefault(news.environment, _Spent())
        spent.texts += 1
        spent.size += len(news.text.encode("utf-8", "surrogatepass"))

    def again(self, news: Heard) -> None:
        """It could not be told now."""
        self._news.appendleft(news)

    def _fits(self, news: Heard, day: int) -> bool:
        if not self.is_news(news.service, news.digest, day):
            return False
        try:
            size = len(news.text.encode())
        except UnicodeEncodeError:
            return False  # half a character; whoever sends that can only lose by it
        spent = self._spent.get(news.environment, _Spent())
        return size <= TEXT_BYTES_MAX and spent.texts < TEXTS_A_DAY and spent.size + size <= BYTES_A_DAY
