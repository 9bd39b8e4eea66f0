"""The closed-form smoothing against the reference's results and against a direct solution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sparse
import torch
from safetensors.numpy import load_file
from scipy.sparse.linalg import spsolve
from skimage import data, transform

from sims.generator import Cancelled
from sims.style.affinity import OFFSETS, affinity, degrees
from sims.style.multigrid import Multigrid
from sims.style.smoothing import _MULTIGRID_STEPS, BETA, MARGIN, smooth, smoothed

GOLDENS = Path(__file__).parents[2] / "goldens" / "cips_pis"


def test_affinities_and_degrees_are_those_of_the_reference() -> None:
    stored = load_file(GOLDENS / "matting_affinity_24x20" / "tensors.safetensors")
    pixels = (stored["image"].astype(np.float64) * 255).round() / 255
    found = sparse_affinity(pixels).toarray()
    wanted = sparse.coo_array((stored["val"], (stored["row"], stored["col"]))).toarray()
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(degrees(24, 20).numpy().ravel(), stored["row_sum"], rtol=1e-9)
    np.testing.assert_allclose(degrees(3, 4).numpy(), [[1, 2, 2, 1]] * 3)


@pytest.mark.parametrize("name", ["smooth_64x64", "smooth_128x96"])
def test_the_released_frame_gives_the_released_result(name: str) -> None:
    stored = load_file(GOLDENS / name / "tensors.safetensors")
    found = smoothed(stored["stylized"], stored["content"], frame="released", tolerance=1e-6)
    assert np.abs(found - stored["V"]).max() < 1e-6
    assert np.array_equal((found.clip(0, 1) * 255).astype(np.uint8), stored["out_uint8"])


PICTURES = {
    "photograph": lambda: photograph(97, 131),
    "dark": lambda: photograph(61, 64) // 32,
    "saturated": lambda: np.where(photograph(64, 50) > 120, 255, 0).astype(np.uint8),
    "flat": lambda: np.full((40, 53, 3), 128, np.uint8),
    "black": lambda: np.zeros((33, 16, 3), np.uint8),
    "grey": lambda: photograph(70, 45)[..., :1].repeat(3, axis=2),
    "half flat": lambda: np.concatenate((photograph(48, 30), np.full((48, 40, 3), 9, np.uint8)), axis=1),
    "noise": lambda: np.random.default_rng(3).integers(0, 256, (50, 61, 3), dtype=np.uint8),
    "one colour axis": lambda: np.outer(np.ones(40), np.arange(64))[..., None].repeat(3, 2).astype(np.uint8) * 3,
    "least": lambda: photograph(16, 16),
    "narrow": lambda: photograph(16, 201),
}


@pytest.mark.parametrize("name", list(PICTURES))
def test_the_solution_is_the_direct_one_and_of_the_size_of_the_content(name: str) -> None:
    content = PICTURES[name]()
    stylised = recoloured(content)
    found = smoothed(stylised, content)
    assert found.shape == content.shape
    assert np.abs(found - direct(stylised, content)).max() < 1e-4
    eight_bits = smooth(stylised, content)
    assert eight_bits.dtype == np.uint8
    assert np.array_equal(eight_bits, (found.clip(0, 1) * 255).astype(np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photographs_of_a_usual_size(name: str) -> None:
    content = shrunk(getattr(data, name)(), 240, 250)
    stylised = recoloured(content)
    assert np.abs(smoothed(stylised, content) - direct(stylised, content)).max() < 1e-4


def test_what_is_affine_in_the_contents_colours_stays() -> None:
    content = photograph(60, 80)
    stylised = content / 255 @ np.array([[0.5, 0.1, 0.0], [0.2, 0.6, 0.1], [0.0, 0.1, 0.7]]) + 0.05
    inside = (slice(8, -8), slice(8, -8))
    off = np.abs(smoothed(stylised, content) - stylised)[inside]
    assert off.mean() < 5e-3  # a little, because the degrees at the frame are smaller
    assert off.max() < 5e-2


def test_progress_grows_to_the_end_and_may_end_the_work() -> None:
    content, told = photograph(40, 50), []
    smooth(recoloured(content), content, told.append)
    assert told == sorted(told)
    assert 0 <= told[0] < 0.2
    assert told[-1] == 1

    def cancel(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        smooth(recoloured(content), content, cancel)


def test_it_works_with_one_thread_and_leaves_the_number_as_it_was() -> None:
    before, content, threads = torch.get_num_threads(), photograph(20, 24), set[int]()
    torch.set_num_threads(2)
    try:
        smooth(recoloured(content), content, lambda done: threads.add(torch.get_num_threads()))
        assert threads == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("failure", ["levels", "cycle", "steps"])
def test_where_multigrid_fails_the_diagonal_still_leads_to_the_solution(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_levels(*arguments: object) -> None:
        raise ArithmeticError

    match failure:
        case "levels":
            monkeypatch.setattr(Multigrid, "__init__", no_levels)
        case "cycle":
            monkeypatch.setattr(Multigrid, "__call__", lambda self, right: -right)
        case "steps":
            monkeypatch.setitem(_MULTIGRID_STEPS, "most", 3)
    content, told = photograph(40, 50), list[float]()
    stylised = recoloured(content)
    assert np.abs(smoothed(stylised, content, told.append) - direct(stylised, content)).max() < 1e-4
    assert told == sorted(told)
    assert told[-1] == 1


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="give one size"):
        smooth(photograph(20, 20), photograph(20, 21))


def photograph(height: int, width: int) -> np.ndarray:
    """A part of the astronaut, shrunk."""
    return shrunk(data.astronaut(), height, width)


def shrunk(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """RGB uint8 of that size."""
    return (transform.resize(picture, (height, width, 3), anti_aliasing=True) * 255).round().astype(np.uint8)


def recoloured(content: np.ndarray) -> np.ndarray:
    """A stand-in for a stylised picture: other colours, blocks and noise."""
    height, width, _ = content.shape
    rng = np.random.default_rng(1)
    blocks = rng.normal(0, 20, (height // 8 + 1, width // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)[:height, :width]
    mixed = 255 - content[..., [1, 2, 0]] * 0.7 + blocks + rng.normal(0, 8, content.shape)
    return mixed.clip(0, 255).astype(np.uint8)


def sparse_affinity(content: np.ndarray) -> sparse.csr_array:
    """W of `content` (H, W, 3) float64 as a sparse matrix."""
    height, width, _ = content.shape
    stencil = affinity(torch.from_numpy(np.ascontiguousarray(content.transpose(2, 0, 1)))).numpy()
    numbers = np.arange(height * width).reshape(height, width)
    whole = sparse.csr_array((height * width, height * width))
    for (down, right), values in zip(OFFSETS, stencil, strict=True):
        at = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        there = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        outside = values.copy()
        outside[at] = 0
        assert not outside.any()
        pairs = (numbers[at].ravel(), numbers[there].ravel())
        part = sparse.csr_array((values[at].ravel(), pairs), shape=whole.shape)
        whole = whole + part + (part.T if (down, right) != (0, 0) else 0 * part)
    return whole


def direct(stylised: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The solution by elimination, with the borders repeated and cut off again."""
    around = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    wanted, guide = (np.pad(picture / 255, around, mode="edge") for picture in (stylised, content))
    weights = sparse_affinity(guide)
    root = sparse.diags_array(1 / np.sqrt(np.asarray(weights.sum(axis=1)).ravel()))
    system = sparse.eye_array(weights.shape[0]) - BETA * (root @ weights @ root)
    solution = (1 - BETA) * spsolve(system.tocsc(), wanted.reshape(-1, 3), permc_spec="MMD_AT_PLUS_A")
    return solution.reshape(wanted.shape)[MARGIN:-MARGIN, MARGIN:-MARGIN]
