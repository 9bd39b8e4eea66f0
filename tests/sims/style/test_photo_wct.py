"""PhotoWCT: the network against its reference under seeded weights, strip by strip and as a whole."""

from __future__ import annotations

import torch
from photo_wct_goldens import case, filled, picture
from torch import Tensor

from sims.style.photo_wct import PhotoWct

NOSEG = case("photowct_noseg")[1]
NETWORK = filled(PhotoWct())
STAGE = 1e-3


def furthest(found: Tensor, stored: Tensor) -> float:
    return (found - stored).abs().max().item()


def test_features_and_maxima_are_those_of_the_reference() -> None:
    images = {4: picture(NOSEG["content"]), 3: NOSEG["img_d4"], 2: NOSEG["img_d3"], 1: NOSEG["img_d2"]}
    for level, every in {4: 1, 3: 1, 2: 2, 1: 4}.items():
        with torch.inference_mode():
            features, pools = NETWORK.encode(level, images[level])
        assert furthest(features[:, ::16, ::every, ::every], NOSEG[f"feat_e{level}"]) < STAGE, level
        assert len(pools) == level - 1
        if level == 4:
            for pool, number in zip(pools, (1, 2, 3), strict=True):
                if f"pool{number}_idx" in NOSEG:
                    assert torch.equal(flat(pool.positions[0, :4], pool.size[1]), NOSEG[f"pool{number}_idx"])


def flat(positions: Tensor, width: int) -> Tensor:
    """Positions in 2x2 windows as indices into the map that was pooled."""
    rows, columns = torch.arange(positions.shape[1])[:, None], torch.arange(positions.shape[2])
    corner = positions.int()
    return ((2 * rows + corner // 2) * width + 2 * columns + corner % 2).int()
