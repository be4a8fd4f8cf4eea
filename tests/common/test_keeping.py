"""What is kept is made once; a cache that is down costs time, never a page."""

from collections.abc import Iterator
from itertools import count

import pytest
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache

from lms.common import keeping
from lms.common.keeping import kept


class Broken(BaseCache):
    """A cache whose server is away."""

    def __init__(self) -> None:
        super().__init__({})

    def get(self, *args: object, **kwargs: object) -> object:
        raise ConnectionError

    set = get  # type: ignore[assignment]


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


def test_a_value_is_made_once_per_key(numbers: Iterator[int]) -> None:
    assert [kept(key, 60, lambda: next(numbers)) for key in ("a", "a", "b", "a")] == [1, 1, 2, 1]


def test_a_cache_that_was_emptied_is_filled_anew(numbers: Iterator[int]) -> None:
    kept("a", 60, lambda: next(numbers))
    cache.clear()
    assert kept("a", 60, lambda: next(numbers)) == 2


@pytest.mark.parametrize("is_read", [True, False], ids=["at reading", "at writing"])
def test_a_cache_that_is_down_costs_no_page(
    is_read: bool, numbers: Iterator[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken()
    if not is_read:
        monkeypatch.setattr(broken, "get", lambda _: None)
    monkeypatch.setattr(keeping, "cache", broken)
    assert [kept("a", 60, lambda: next(numbers)) for _ in range(2)] == [1, 2]
