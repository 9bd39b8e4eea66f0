"""Cascaded refinement: layout to pictures by modules of growing resolution, each reading the layout anew.

Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks" (2017).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import Card, Generator, Run, loaded, placed
from sims.layout import Layout
from sims.memory.layers import ConvNorm, Head, doubled
from sims.spade_layout import one_hot
from zoo.convert.crn import CLASSES, WIDTHS, scaled

COARSEST = min(WIDTHS)  # height of the first module


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
        classes: int = CLASSES,
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


class CrnGenerator(Generator):
    """Cascaded refinement behind the common interface.

    The network makes all its pictures at once; the seed chooses among them, and those of the last layout are kept.
    """

    stage_names = ("read the layout", "synthesise")

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        """`tensors` is the checkpoint under the published names, with "." for "/"."""
        super().__init__(card, device)
        self.size: tuple[int, int] = tuple(config["size"])
        self.pictures: int = config["pictures"]
        network = CascadedRefinement(self.size[0], config["width"], outputs=3 * self.pictures)
        self.network = placed(loaded(network, tensors), device)
        self._last: tuple[bytes, np.ndarray] | None = None

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        size, space = tuple(config["size"]), config["label_space"]
        return replace(card, task="layout", native_size=size, label_space=space, classes=CLASSES)

    def memory_bytes(self) -> int:
        weights = sum(tensor.numel() * tensor.element_size() for tensor in self.network.state_dict().values())
        return weights + (self._last[1].nbytes if self._last else 0)

    def _from_layout(
        self, layout: Layout, style: np.ndarray | None, options: Mapping[str, str], run: Run
    ) -> np.ndarray:
        with run.stage("read the layout"):
            layout = layout.resize(*self.size)
            digest = hashlib.sha256(layout.ids.tobytes()).digest()
        with run.stage("synthesise"):
            if self._last is None or self._last[0] != digest:
                channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None].to(self.device)
                output = self.network(one_hot(channels, layout.space.channels))
                self._last = (digest, rounded(pictures_of(output)[0]))
            return self._last[1][run.seed % self.pictures].copy()


def rounded(pictures: Tensor) -> np.ndarray:
    """RGB uint8 (P, H, W, 3) of pictures (P, 3, H, W) in [-1, 1], halves upwards, as the reference's writer rounds."""
    scaled_up = ((pictures.float() + 1) / 2 * 255).clamp(0, 255)
    return (scaled_up + 0.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
