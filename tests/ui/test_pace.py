"""What is told before the work: a size and a time, or why it cannot be done."""

from __future__ import annotations

import pytest

from sims.load import card
from sims.ui.pace import foretold


@pytest.mark.parametrize(
    ("size", "options", "told"),
    [
        ((12, 20), {}, "The content picture is 20x12; photo-wct-world takes at least 16 pixels a side."),
        ((300, 400), {"smoothing": "guessed"}, "'guessed'"),
        ((300, 400), {"smoothing": "off", "pooling": "max"}, "The result will be 400 × 300, in about 1 s."),
    ],
)
def test_only_what_can_be_made_is_told_as_a_fact(size: tuple[int, int], options: dict[str, str], told: str) -> None:
    assert told in foretold(card("photo-wct-world"), options, size)
