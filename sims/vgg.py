"""VGG-19 features and the segmenter that grows from them.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015), configuration E.
The trunk keeps the usual key layout (`features.N.weight`) at any width, so that the project's own slim segmenter and
the ImageNet network take the same code. The segmenter is the perceptual distance of the training recipes and the
judge of layout consistency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zoo.convert.vgg import BLOCK_WIDTHS, CONVOLUTIONS_PER_BLOCK, FEATURE_WIDTH


class VGG19(nn.Module):
    """The sixteen convolutions of VGG-19, `width` times as wide.

    `batch_norm` puts a batch norm behind every convolution, for training from scratch; `folded_batch_norm` turns such a
    network's weights into those of the plain one. `pooling` "average" takes means where the classifier takes maxima, as
    perceptual losses often do.
    """

    def __init__(self, width: float = 1.0, batch_norm: bool = False, pooling: Literal["max", "average"] = "max"):
        super().__init__()
        self.features = nn.Sequential()
        self.taps: dict[str, int] = {}  # "conv3_4" -> index of its ReLU in `features`, "pool3" -> that of the pool
        self.widths = tuple(round(channels * width) for channels in BLOCK_WIDTHS)
        previous = 3
        for block, (count, channels) in enumerate(zip(CONVOLUTIONS_PER_BLOCK, self.widths, strict=True), start=1):
            for number in range(1, count + 1):
                self.features.append(nn.Conv2d(previous, channels, 3, padding=1))
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(channels))
                self.features.append(nn.ReLU())
                self.taps[f"conv{block}_{number}"] = len(self.features) - 1
                previous = channels
            self.features.append(nn.MaxPool2d(2) if pooling == "max" else nn.AvgPool2d(2))
            self.taps[f"pool{block}"] = len(self.features) - 1

    def forward(self, image: Tensor, taps: Sequence[str]) -> list[Tensor]:
        """Rectified responses at the named layers, in network order.

        `image` is (B, 3, H, W), normalised as the weights expect; `taps` are names such as "conv3_4" or "pool3".
        """
        wanted = {self.taps[name] for name in taps}
        last = max(wanted)
        found = []
        x = image
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in wanted:
                found.append(x)
            if index == last:
                break
        return found


class Segmenter(nn.Module):
    """A VGG-19 trunk with a light feature pyramid and one classifier a label space.

    Takes pictures in [-1, 1]. Lin et al., "Feature Pyramid Networks for Object Detection" (2017), section 3, with one
    output level at half resolution.
    """

    LEVELS = ("conv2_2", "conv3_4", "conv4_4", "conv5_4")

    def __init__(self, width: float, classes: Mapping[str, int], batch_norm: bool = False):
        super().__init__()
        self.trunk = VGG19(width, batch_norm)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, FEATURE_WIDTH, 1) for channels in self.trunk.widths[1:])
        self.smooth = nn.Conv2d(FEATURE_WIDTH, FEATURE_WIDTH, 3, padding=1)
        self.heads = nn.ModuleDict({space: nn.Conv2d(FEATURE_WIDTH, count, 1) for space, count in classes.items()})

    def forward(self, image: Tensor, space: str) -> Tensor:
        """Class scores (B, classes, H, W) of pictures (B, 3, H, W) in [-1, 1]; sides are multiples of 16."""
        maps = [layer(x) for layer, x in zip(self.lateral, self.trunk(image, self.LEVELS), strict=True)]
        x = maps[-1]
        for finer in reversed(maps[:-1]):
            x = finer + F.interpolate(x, size=finer.shape[-2:], mode="bilinear", align_corners=False)
        scores = self.heads[space](F.relu(self.smooth(F.relu(x))))
        return F.interpolate(scores, size=image.shape[-2:], mode="bilinear", align_corners=False)


def folded_batch_norm(trained: VGG19) -> dict[str, Tensor]:
    """The state dict of the plain network that computes what `trained`, in evaluation mode, computes."""
    folded = {}
    layers = list(trained.features)
    plain_index = 0
    for position, layer in enumerate(layers):
        if isinstance(layer, nn.BatchNorm2d):
            continue
        if isinstance(layer, nn.Conv2d):
            norm = layers[position + 1]
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            assert layer.bias is not None
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            folded[f"features.{plain_index}.weight"] = (layer.weight * gain[:, None, None, None]).detach()
            folded[f"features.{plain_index}.bias"] = ((layer.bias - norm.running_mean) * gain + norm.bias).detach()
        plain_index += 1
    return folded
