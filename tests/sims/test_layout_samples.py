"""The sample layouts are there, whole and of the size the built-in generators take."""

import pytest

from sims.label_space import LayoutError
from sims.layout_samples import FOLDER, sample_layouts


@pytest.mark.parametrize("space", ["street", "landscape"])
def test_a_dozen_dense_samples_a_world(space):
    samples = [sample for sample in sample_layouts(space) if sample.origin != "coarse"]
    assert len(samples) == 12
    assert len({sample.title for sample in samples}) == 12
    assert {sample.origin for sample in samples} == {"render", "painted"}
    for sample in samples:
        layout = sample.read()
        assert (layout.size, layout.space.name) == ((256, 512), space)
        assert len(layout.counts()) >= 5
        assert layout.counts().get("void", 0) < 100
        assert (layout.instances is not None) == (space == "street" and sample.origin == "render")


def test_one_street_is_coarse():
    (sample,) = (sample for sample in sample_layouts("street") if sample.origin == "coarse")
    counts = sample.read().counts()
    assert counts["void"] > 0.2 * 256 * 512
    assert len(counts) >= 8


def test_no_file_lies_there_unused():
    listed = {
        path for space in ("street", "landscape") for s in sample_layouts(space) for path in (s.path, s.instances_path)
    }
    assert set(FOLDER.rglob("*.png")) == listed - {None}


def test_spaces_without_samples_and_unknown_spaces():
    assert sample_layouts("facades") == ()
    with pytest.raises(LayoutError, match="no label space 'moon'"):
        sample_layouts("moon")
