"""The cache never holds more bytes than it may, and forgets the longest unused first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from gateway.engine.cache import Lru


def test_the_longest_unused_goes_first() -> None:
    cache: Lru[str, int] = Lru(bytes_max=10)
    cache.put("a", 1, 4)
    cache.put("b", 2, 4)
    assert cache.get("a") == 1
    cache.put("c", 3, 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache: Lru[str, int] = Lru(bytes_max=10)
    cache.put("a", 1, 4)
    cache.put("a", 2, 11)
    assert (cache.get("a"), len(cache), cache.bytes_now) == (None, 0, 0)


@given(some.lists(some.tuples(some.integers(0, 9), some.integers(0, 40))))
def test_it_never_holds_more_bytes_than_it_may(puts: list[tuple[int, int]]) -> None:
    cache: Lru[int, int] = Lru(bytes_max=50)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.bytes_now <= 50
        assert cache.bytes_now == sum(cache.get(one) or 0 for one in range(10))
