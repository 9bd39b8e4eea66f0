"""PhotoWCT: encoders and decoders between which features take on the statistics of a style.

Li, Liu, Li, Yang and Kautz, "A Closed-form Solution to Photorealistic Image Stylization", ECCV 2018, section 3.1:
unpooling at the positions of the maxima keeps what upsampling would smear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from sims.style.strips import Pool, convolved, pooled, unpooled
from zoo.convert.photo_wct import layers, scaled

LEVELS = (4, 3, 2, 1)  # in the order of stylisation


class PhotoWct(nn.Module):
    """Encoders e1..e4, each up to the first layer of its block, and decoders d1..d4, their mirrors.

    `width` scales every layer's channels; 1 is the authors' network.
    """

    def __init__(self, width: float = 1.0):
        super().__init__()
        self.width = width
        for level in sorted(LEVELS):
            names = layers(level)
            encoder = nn.ModuleDict({"conv0": nn.Conv2d(3, 3, 1)})
            encoder.update({name: nn.Conv2d(*scaled(name, width), 3) for name in names})
            self.add_module(f"e{level}", encoder)
            decoder = {name: nn.Conv2d(*scaled(name, width)[::-1], 3) for name in reversed(names)}
            self.add_module(f"d{level}", nn.ModuleDict(decoder))

    def encode(self, level: int, image: Tensor) -> tuple[Tensor, tuple[Pool, ...]]:
        """Rectified responses of e`level` to `image` (B, 3, H, W) in 0..1, and its poolings, the finest first."""
        found, pools = self._encoded(level, [image], image)
        return next(found), pools

    def decode(self, level: int, features: Tensor, pools: tuple[Pool, ...]) -> Tensor:
        """The picture (B, 3, H, W), in 0..1 but not clamped, that d`level` makes of what e`level` gave."""
        return next(self._decoded(level, [features], features.shape[2], pools))

    def _encoded(self, level: int, strips: Iterable[Tensor], like: Tensor) -> tuple[Iterator[Tensor], tuple[Pool, ...]]:
        """The strips of e`level` for a picture of the shape of `like`, and its poolings, which fill as they come."""
        convolutions = self._part(f"e{level}")
        (batch, _, height, width), pools = like.shape, list[Pool]()
        found: Iterator[Tensor] = map(convolutions["conv0"], strips)
        for name in layers(level):
            if _starts_a_block(name):
                shape = (batch, scaled(name, self.width)[0], height // 2, width // 2)
                pools.append(Pool(torch.empty(shape, dtype=torch.uint8, device=like.device), (height, width)))
                found = pooled(found, pools[-1])
                height, width = height // 2, width // 2
            found = convolved(found, convolutions[name], height)
        return found, tuple(pools)

    def _decoded(self, level: int, strips: Iterable[Tensor], height: int, pools: tuple[Pool, ...]) -> Iterator[Tensor]:
        """The strips of the picture that d`level` makes of the strips of features of `height` rows."""
        convolutions = self._part(f"d{level}")
        found, left = iter(strips), list(pools)
        for name in reversed(layers(level)):
            found = convolved(found, convolutions[name], height, rectified=name != "conv1_1")
            if _starts_a_block(name):
                pool = left.pop()
                found, height = unpooled(found, pool), pool.size[0]
        return found

    def _part(self, name: str) -> nn.ModuleDict:
        part = self.get_submodule(name)
        assert isinstance(part, nn.ModuleDict)
        return part


def _starts_a_block(name: str) -> bool:
    return name.endswith("_1") and name != "conv1_1"
