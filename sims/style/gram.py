"""What neural style and neural textures compare: Gram matrices and features of a normalised VGG-19.

Gatys, Ecker and Bethge, "Texture Synthesis Using Convolutional Neural Networks" (2015) and "Image Style Transfer Using
Convolutional Neural Networks" (2016); regions by Gatys et al., "Controlling Perceptual Factors in Neural Style
Transfer" (2017), section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sims.style.regions import Matched, Regions
from sims.vgg import VGG19

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
TEXTURE_LAYERS = ("conv1_1", "pool1", "pool2", "pool3", "pool4")
SILENT = 1e-4  # of its layer's mean activation; a filter that hardly ever responds is left as it is

Features = Mapping[str, Tensor]  # (1, N, h, w) by the layer's name
Grams = Mapping[tuple[str, int], Tensor]  # (N, N), by the layer's name and the region's id


def responses(network: VGG19, pictures: Tensor, layers: Sequence[str]) -> Features:
    """The rectified responses of `layers` to pictures (1, 3, H, W), normalised as the weights expect."""
    names = sorted(set(layers), key=network.taps.__getitem__)
    return dict(zip(names, network(pictures, names), strict=True))


@torch.no_grad()
def normalise(network: VGG19, pictures: Sequence[Tensor]) -> None:
    """Scale every filter so that its mean activation over pictures and positions is 1 (2015, section 2).

    The classifier's function stays the same up to a positive scale of its last layer's filters, because rectification
    and pooling commute with one: what a filter is divided by, the next layer's weights of that channel are multiplied
    with. Filters that never respond stay as they are. `pictures` are (1, 3, H, W) each.
    """
    layers = [name for name in network.taps if name.startswith("conv")]
    sums = [torch.zeros(()) for _ in layers]
    for picture in pictures:
        means = [features.mean((0, 2, 3)) for features in responses(network, picture, layers).values()]
        sums = [total + mean for total, mean in zip(sums, means, strict=True)]
    before = None
    for name, total in zip(layers, sums, strict=True):
        mean = total / len(pictures)
        scale = torch.where(mean > SILENT * mean.mean(), mean, torch.ones_like(mean))
        layer = network.features[network.taps[name] - 1]
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        if before is not None:
            layer.weight *= before[None, :, None, None]
        layer.weight /= scale[:, None, None, None]
        layer.bias /= scale
        before = scale


def gram_matrix(features: Tensor) -> Tensor:
    """(N, N) sums over positions of products of responses (N, M); equation 1 of 2015."""
    return features @ features.T


def gram_error(features: Tensor, target: Tensor) -> Tensor:
    """1 / (4 N^2) times the squared distance of the Gram matrix of (N, M) over M from `target` (N, N), over its own M.

    The papers' 1 / (4 N^2 M^2) times the squared distance of the sums where both have M positions, as there; so the
    pictures may be of two sizes.
    """
    filters, positions = features.shape
    return (gram_matrix(features) / positions - target).square().sum() / (4 * filters**2)


def content_error(features: Tensor, target: Tensor) -> Tensor:
    """Half the sum of squared differences; equation 1 of 2016."""
    return (features - target).square().sum() / 2


def total_variation(picture: Tensor) -> Tensor:
    """The mean squared difference of neighbours down and across in (1, 3, H, W), their sum; no part of the papers."""
    down, across = picture.diff(dim=2), picture.diff(dim=3)
    return down.square().mean() + across.square().mean()


def gram_targets(features: Features, regions: Regions, ids: Sequence[int]) -> Grams:
    """The Gram matrices over the number of positions, of every layer and region that has any there."""
    targets = {}
    for name, layer in features.items():
        for one, part in _parts(layer, regions, ids).items():
            targets[name, one] = gram_matrix(part) / part.shape[1]
    return targets


@dataclass(frozen=True, eq=False)
class Looks:
    """The Gram matrices of a style's regions, and the regions of the content that are to have them."""

    layers: tuple[str, ...]
    matched: Matched
    targets: Grams

    @classmethod
    def of(cls, style: Features, matched: Matched) -> Looks:
        """Those of the features of the style picture."""
        ids = sorted(set(matched.looks.values()))
        return cls(tuple(style), matched, gram_targets(style, matched.style, ids))

    def error(self, features: Features) -> Tensor:
        """The mean over layers of the mean over the positions' regions of `gram_error`; equation 5 of 2016."""
        total = features[self.layers[0]].new_zeros(())
        for name in self.layers:
            layer = features[name]
            positions = layer.shape[2] * layer.shape[3]
            for one, part in _parts(layer, self.matched.content, list(self.matched.looks)).items():
                target = self.targets.get((name, self.matched.looks[one]))
                if target is not None:
                    total = total + part.shape[1] / positions * gram_error(part, target)
        return total / len(self.layers)


def _parts(layer: Tensor, regions: Regions, ids: Sequence[int]) -> dict[int, Tensor]:
    """The responses (N, positions) of each region with positions in a layer (1, N, h, w); together no more than all."""
    flat = layer[0].flatten(1)
    if regions.labels.size == 1:
        return dict.fromkeys(ids, flat)
    labels = torch.from_numpy(regions.at(*layer.shape[2:]).ravel()).to(layer.device)
    parts = {one: flat[:, (labels == one).nonzero()[:, 0]] for one in ids}
    return {one: part for one, part in parts.items() if part.shape[1]}
