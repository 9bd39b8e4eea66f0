"""What is kept, by use and by bytes."""

from __future__ import annotations

import numpy as np
import pytest

from sims.kept import Kept


def numbers(count: int) -> np.ndarray:
    return np.zeros(count, np.uint8)


def test_the_value_used_longest_ago_leaves_first() -> None:
    kept: Kept[np.ndarray] = Kept(30)
    for name in "abc":
        kept[name] = numbers(10)
    assert kept.nbytes == 30
    assert kept.get("a") is not None
    kept["d"] = numbers(10)
    assert list(kept) == ["c", "a", "d"]
    kept["c"] = numbers(10)  # set again, it is the most recent
    kept["e"] = numbers(15)
    assert list(kept) == ["c", "e"]
    assert kept.get("a") is None
    assert list(kept) == ["c", "e"]


def test_the_last_value_stays_however_large() -> None:
    kept: Kept[np.ndarray] = Kept(5)
    kept["small"] = numbers(1)
    kept["large"] = numbers(100)
    assert list(kept) == ["large"]
    kept["small"] = numbers(1)
    assert list(kept) == ["small"]


def test_values_that_grow_are_counted_as_they_are() -> None:
    growing: Kept[np.ndarray] = Kept(100)
    outer: Kept[Kept[np.ndarray]] = Kept(50)
    outer["growing"] = growing
    growing["x"] = numbers(60)
    assert outer.nbytes == 60
    outer["other"] = Kept(10)
    assert list(outer) == ["other"]


def test_what_has_grown_is_counted_when_it_is_trimmed() -> None:
    outer: Kept[Kept[np.ndarray]] = Kept(50)
    for name in ("first", "second"):
        outer[name] = Kept(100)
    outer["first"]["x"] = numbers(60)
    assert outer.get("first") is not None
    outer.trim()
    assert list(outer) == ["first"]  # the one used last stays, however large


def test_another_key_is_no_value() -> None:
    kept: Kept[np.ndarray] = Kept(5)
    assert kept.get("nothing") is None
    with pytest.raises(KeyError):
        kept["nothing"]
