"""What SIMS keeps from picture to picture: bounded, and every thread's own."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sims.generator import LayoutRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.memory.pipeline import SimsGenerator
from zoo.convert import checked_config, expected_shapes

STREET = label_space("street")


@pytest.fixture
def fresh(tiny_sims: Path, tmp_path: Path) -> SimsGenerator:
    """A generator that has not made anything yet."""
    generator = load(shutil.copytree(tiny_sims, tmp_path / "tiny-sims"), device="cpu")
    assert isinstance(generator, SimsGenerator)
    return generator


def bands(horizon: int) -> Layout:
    """Nothing but sky and road."""
    return Layout(np.repeat(np.where(np.arange(256) < horizon, np.uint8(10), np.uint8(0))[:, None], 512, 1), STREET)


def test_threads_get_their_own_stages(fresh: SimsGenerator) -> None:
    """Even where only one picture's stages are kept at a time."""
    fresh._made.limit = 1
    layouts = [bands(horizon) for horizon in (80, 100, 120)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda layout: fresh.stages(LayoutRequest(layout)), layouts))
    for layout, one in zip(layouts, found, strict=True):
        assert np.array_equal(one.layout.ids, layout.ids)
    assert len(fresh._made) == 1


def test_the_memory_counts(fresh: SimsGenerator) -> None:
    assert fresh.composer is not None
    before = fresh.memory_bytes()
    fresh.composer.bank.labels(0)
    assert fresh.memory_bytes() == before + 256 * 512


@pytest.mark.slow
def test_what_is_kept_of_many_layouts_is_bounded(fresh: SimsGenerator) -> None:
    assert fresh.composer is not None
    bank = fresh.composer.bank
    weights = fresh.memory_bytes() - bank.nbytes
    assert weights == 4 * sum(np.prod(shape) for shape in expected_shapes(checked_config(CONFIG)).values())
    fresh._compositions.limit, fresh._made.limit = 10 << 20, 10 << 20
    held = []
    for horizon in range(90, 120):
        fresh.generate(LayoutRequest(bands(horizon)))
        held.append(fresh.memory_bytes() - weights - bank.nbytes)
    assert 2 < len(fresh._compositions) < 10
    assert 2 < len(fresh._made) < 10
    assert held[0] > 2e6
    assert max(held) <= 20 << 20


CONFIG = {
    **{"format": 1, "family": "sims", "size": [256, 512], "label_space": "street", "colour_order": "rgb"},
    **dict.fromkeys(("synthesis_width", "transform_width", "order_width", "completion_width"), 1 / 64),
    **{"memory": "bank", "bank": None},
}
