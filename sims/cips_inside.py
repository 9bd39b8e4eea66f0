"""What a CIPS generator has learned about places: its coordinate embeddings, seen as a picture.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021), figure 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.cips_generator import CipsGenerator
from sims.generator import RequestError

COLOURED = 3  # components, one a colour
SPREAD = 2.5  # deviations of a component from black to its middle, and on to the full colour
PART = 16384  # places that are multiplied at once


@dataclass(frozen=True, eq=False)
class Components:
    """The three leading principal components of the embeddings, over the places of their grid.

    `picture` is RGB uint8 (h, w, 3), the first component in red; `shares` of the variance that each of them explains,
    in [0, 1] and falling; `channels` is how many components there are in all.
    """

    picture: np.ndarray
    shares: tuple[float, ...]
    channels: int


@torch.inference_mode()
def embedding_components(generator: CipsGenerator) -> Components:
    """The components of a generator's coordinate embeddings, exact, from the covariance of their channels.

    Of the two signs that a component can have, it takes the one in which its largest coefficient is positive. Raises
    `RequestError` for a network without embeddings.
    """
    network = generator.network
    if network.config["inputs"] == "fourier":
        raise RequestError(f"{generator.card.name} works from Fourier features alone and has no embeddings to show.")
    values = network.emb.input[0].double().cpu()  # (C, h, w)
    rows = F.pad(values.flatten(1), (0, 0, 0, max(0, COLOURED - len(values))))
    rows = rows - rows.mean(1, keepdim=True)
    covariance = torch.zeros(len(rows), len(rows), dtype=torch.float64)
    for part in rows.split(PART, 1):
        covariance += part @ part.T
    variances, axes = torch.linalg.eigh(covariance / rows.shape[1])
    axes, variances = axes.flip(1)[:, :COLOURED], variances.flip(0).clamp(min=0)
    found = _signed(axes).T @ rows  # (3, N)
    scaled = found / (SPREAD * found.square().mean(1, keepdim=True).sqrt().clamp(min=1e-12))
    picture = ((scaled + 1) / 2 * 255).round().clamp(0, 255).to(torch.uint8)
    shares = variances[:COLOURED] / variances.sum().clamp(min=1e-12)
    return Components(
        picture.T.reshape(*values.shape[1:], -1).numpy(), tuple(float(share) for share in shares), len(values)
    )


def _signed(axes: Tensor) -> Tensor:
    """Axes (C, k), each turned so that its largest coefficient in magnitude is positive."""
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return axes * largest.sign()
