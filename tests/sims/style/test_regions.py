"""Which regions are restyled, how label maps are resized, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sims.style.regions import MAX_REGIONS, WHOLE, Regions, matched

SIZE = (64, 64)


def labels(counts: dict[int, int], of: int = 0, side: int = 64) -> np.ndarray:
    """A square label map with so many pixels of each id, the rest of `of`."""
    found = np.full(side * side, of, np.int32)
    start = 0
    for one, count in counts.items():
        found[start : start + count] = one
        start += count
    return found.reshape(side, side)


def test_regions_take_the_look_of_their_own_id_or_of_the_one_they_are_paired_with() -> None:
    content, style = labels({1: 500, 2: 600, 65535: 700}), labels({1: 800, 3: 900, 65535: 500})
    found = matched(content, style, {2: 3, 1: 0, 0: None, 9: 1}, SIZE, SIZE)
    assert found.looks == {1: 0, 2: 3, 65535: 65535}
    assert found.content.ids == (1, 2, 65535)
    assert found.style.ids == (0, 3, 65535)
    assert found.notes == ()


def test_two_regions_can_take_one_look() -> None:
    found = matched(labels({1: 500}), labels({5: 500}), {0: 5, 1: 5}, SIZE, SIZE)
    assert found.looks == {0: 5, 1: 5}
    assert found.style.ids == (5,)


@pytest.mark.parametrize(
    ("content", "style", "restyled"),
    [
        (10, 500, False),
        (11, 500, True),
        (500, 10, False),
        (500, 11, True),
        (1100, 11, False),
        (1099, 11, True),
        (11, 1100, False),
        (11, 1099, True),
        (500, 0, False),
    ],
)
def test_bounds_of_regions_are_strict(content: int, style: int, restyled: bool) -> None:
    found = matched(labels({255: content}), labels({255: style}), {}, (512, 512), (512, 512))
    assert (255 in found.looks) is restyled
    said = [note for note in found.notes if note.startswith("Regions left as in the content picture, because")]
    assert len(said) == (not restyled)
    assert all(note.endswith(": 255.") for note in said)


def test_reasons_are_told_apart_and_long_lists_are_cut() -> None:
    missing = dict.fromkeys(range(100, 120), 20)
    found = matched(labels({7: 9} | missing), labels({7: 300}), {}, (512, 512), (512, 512))
    assert found.notes[:2] == (
        "Regions left as in the content picture, because the style picture has no region for them: "
        "100, 101, 102, 103, 104, 105, 106, 107 and 12 more.",
        "Regions left as in the content picture, because a label map has at most 10 pixels of them: 7.",
    )


def test_no_more_regions_than_can_be_paid_for_are_restyled_and_those_are_the_largest() -> None:
    counts = {one: 12 + one % 7 for one in range(1, 151)}
    found = matched(labels(counts), labels(counts), {}, (512, 512), (512, 512))
    assert len(found.looks) == MAX_REGIONS
    left = set(counts) - set(found.looks)
    assert max(counts[one] for one in left) <= min(counts[one] for one in found.looks if one)
    assert "largest regions are restyled and no more" in found.notes[0]


def test_regions_that_coarse_features_lose_are_named() -> None:
    content = labels({}, 0)
    content[0:4, 0:4] = 5
    found = matched(content, labels({5: 1000}), {}, SIZE, SIZE)
    assert found.looks == {0: 0, 5: 5}
    assert found.notes == ("Regions restyled in part, because coarse features have too few pixels of them: 5.",)
    assert matched(content, labels({5: 1000}), {}, (512, 512), (512, 512)).notes == ()


@pytest.mark.parametrize("before", [(7, 5), (64, 96), (333, 1000)])
@pytest.mark.parametrize("after", [(7, 5), (8, 12), (16, 24), (41, 37), (1000, 31)])
def test_label_maps_are_resized_by_pillows_rule(before: tuple[int, int], after: tuple[int, int]) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, before, dtype=np.uint8)
    wanted = np.asarray(Image.fromarray(drawn).resize(after[::-1], Image.Resampling.NEAREST))
    found = Regions(drawn.astype(np.int32), (0,)).at(*after)
    assert np.array_equal(found, wanted)


def test_what_is_not_restyled_is_kept_at_any_size() -> None:
    content = labels({1: 1024, 2: 5, 3: 1019})  # a quarter is 1, the next 2 and 3, the rest 0
    found = matched(content, labels({1: 2000, 2: 300}), {3: None}, SIZE, SIZE)
    assert (found.kept(64, 64) == np.isin(content, (2, 3))).all()
    assert (found.kept(8, 20).mean(1) == [0, 0, 1, 1, 0, 0, 0, 0]).all()
    assert not WHOLE.kept(9, 7).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_maps_of_any_whole_numbers_are_taken(dtype: type) -> None:
    content = labels({255: 500}).astype(dtype)
    assert matched(content, content, {}, SIZE, SIZE).looks == {0: 0, 255: 255}
