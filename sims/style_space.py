"""The space of styles: where the mapping network puts latents, in coordinates in which they are spread evenly.

Along their principal axes, and divided by their deviations there, all directions of the styles count alike, which makes
descent quick; Zhu et al., "Improved StyleGAN Embedding: Where are the Good Latents?" (2020), do so with StyleGAN's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sims.cips_generator import MEANT, CipsGenerator
from sims.generator import seeded_normal

NARROWEST = 1e-3  # of the largest deviation; axes along which styles differ less count as this wide
BATCH = 1024


@dataclass(frozen=True, eq=False)
class StyleSpace:
    """The mean style (D,), axes (D, D) in rows as long as the deviations along them, and some styles (N, D)."""

    mean: Tensor
    axes: Tensor
    samples: Tensor

    def styles(self, coordinates: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return self.mean + coordinates @ self.axes

    def coordinates(self, styles: Tensor) -> Tensor:
        """(..., D) -> (..., D), the inverse of `styles`."""
        return (styles - self.mean) @ self.axes.T / self.axes.square().sum(1)


def style_space(generator: CipsGenerator, samples: int, seed: int) -> StyleSpace:
    """That of a generator, with `samples` styles, at most `MEANT`, which the seed draws. Without inference mode."""
    length = generator.card.latents[1]
    latents = seeded_normal(seed, MEANT, length)
    parts = torch.from_numpy(latents).to(generator.device).split(BATCH)
    styles = torch.cat([generator.network.style(part) for part in parts])
    mean = generator.mean_style().clone()  # a tensor of inference mode, which nothing can be differentiated through
    centred = (styles - mean).double()
    variances, axes = torch.linalg.eigh(centred.T @ centred / len(styles))
    deviations = variances.clamp(min=0).sqrt()
    deviations = deviations.clamp(min=float(deviations.max()) * NARROWEST + 1e-12)
    return StyleSpace(mean, (axes * deviations).T.float().contiguous(), styles[:samples].clone())
