"""The built-in segmenter finds the layouts of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from sims.label_space import LayoutError, label_space
from sims.segmentation import segment, working_size
from sims.world import World


@pytest.mark.parametrize("space", ["street", "landscape"])
def test_it_finds_the_layout_of_held_out_frames(space: str) -> None:
    world = World()
    frame = world.read(space, world.frames(space, "held_out")[2].number)
    found = segment(frame.picture, space)
    assert found.size == frame.labels.shape
    known = frame.labels != label_space(space).unknown
    assert (found.ids == frame.labels)[known].mean() > 0.6
    assert not (found.ids == label_space(space).unknown).any()


def test_a_picture_of_any_proportions_is_looked_at_at_one_scale() -> None:
    assert working_size(256, 512) == (256, 512)
    assert working_size(1024, 2048) == (256, 512)
    assert working_size(2, 2000) == (64, 1024)
    found = segment(np.zeros((300, 301, 3), np.uint8), "landscape")
    assert found.size == (368, 368)


def test_a_label_space_it_does_not_know_is_refused() -> None:
    with pytest.raises(LayoutError, match="in the spaces street, landscape, and 'facades' was asked for"):
        segment(np.zeros((64, 64, 3), np.uint8), "facades")
