"""The closed-form smoothing against the reference's results and against a direct solution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.style.smoothing import smooth, smoothed

GOLDENS = Path(__file__).parents[2] / "goldens" / "cips_pis"


@pytest.mark.parametrize("name", ["smooth_64x64", "smooth_128x96"])
def test_the_released_frame_gives_the_released_result(name: str) -> None:
    stored = load_file(GOLDENS / name / "tensors.safetensors")
    found = smoothed(stored["stylized"], stored["content"], frame="released", tolerance=1e-7)
    assert np.abs(found - stored["V"]).max() < 1e-6
    assert np.array_equal((found.clip(0, 1) * 255).astype(np.uint8), stored["out_uint8"])


def test_the_result_has_the_size_of_the_content() -> None:
    stored = load_file(GOLDENS / "smooth_64x64" / "tensors.safetensors")
    found = smooth(stored["stylized"][:33, :50], stored["content"][:33, :50])
    assert found.shape == (33, 50, 3)
    assert found.dtype == np.uint8
