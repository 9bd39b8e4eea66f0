"""Cascaded refinement: layout to pictures by modules of growing resolution, each reading the layout anew.

Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks" (2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.memory.layers import ConvNorm, Head, doubled, scaled

COARSEST = 4  # height of the first module
WIDTHS: Mapping[int, int] = MappingProxyType(
    {4: 1024, 8: 1024, 16: 1024, 32: 1024, 64: 1024, 128: 512, 256: 512, 512: 128, 1024: 32}
)


class CascadedRefinement(nn.Module):
    """The network (section 3): two convolutions a module, features doubled between modules.

    `height`, a power of two, is the side of the finest module; `width` scales the channels of all modules, which
    `widths` gives by height. `classes` are the channels of the layout, `outputs` those of the head: three for each
    picture, or one for each class to be told apart.
    """

    def __init__(
        self,
        height: int,
        width: float = 1.0,
        classes: int = 20,
        outputs: int = 27,
        widths: Mapping[int, int] = WIDTHS,
    ):
        super().__init__()
        self.height = height
        self.heights = [side for side in sorted(widths) if side <= height]
        previous = 0
        for side in self.heights:
            channels = scaled(widths[side], width)
            self.add_module(f"g_{side}_conv1", ConvNorm(previous + classes, channels))
            self.add_module(f"g_{side}_conv2", ConvNorm(channels, channels))
            previous = channels
        self.add_module(f"g_{height}_conv100", Head(previous, outputs))

    def forward(self, layout: Tensor) -> Tensor:
        """(B, outputs, H, W), linear, of a one-hot layout (B, classes, H, W) whose height is `height`.

        Pictures are meant to lie in [-1, 1].
        """
        layouts = [layout]
        while layouts[-1].shape[-2] > COARSEST:
            layouts.append(F.avg_pool2d(layouts[-1], 2))
        x = layouts.pop()
        for side in self.heights:
            if side > COARSEST:
                x = torch.cat((doubled(x), layouts.pop()), 1)
            x = self.get_submodule(f"g_{side}_conv2")(self.get_submodule(f"g_{side}_conv1")(x))
        return self.get_submodule(f"g_{self.height}_conv100")(x)


def pictures_of(output: Tensor) -> Tensor:
    """(B, P, 3, H, W) of a network's output (B, 3P, H, W): the reds of all P pictures come first, then the greens."""
    return output.unflatten(1, (3, -1)).transpose(1, 2)
