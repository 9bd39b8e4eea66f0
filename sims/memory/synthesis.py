"""The synthesis network of SIMS: a canvas of retrieved segments and its layout to a picture.

Qi et al., "Semi-parametric Image Synthesis" (2018). An encoder of six blocks, a decoder that reads the input
again at every level, and, as in the published code, a second head that recovers the layout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from sims.memory.layers import AS_PUBLISHED, Head, average_pool, block, channel_counts, doubled, resize
from zoo.convert.crn import CLASSES
from zoo.convert.sims import CANVAS, DECODER, ENCODER, FINAL, TAIL

BASE = 256  # height of the encoder's input; taller pictures are finished by a tail


class SynthesisNetwork(nn.Module):
    """The network for pictures of `height` (up to 256, 512 or 1024), `width` times as wide as the published one.

    `classes` are the channels of the layout; `instead` gives channels other than the published ones, for small tests.
    """

    def __init__(
        self, height: int, width: float = 1.0, classes: int = CLASSES, instead: Mapping[int, int] = AS_PUBLISHED
    ):
        super().__init__()
        self.height = height
        channels = channel_counts(width, instead)
        given = classes + CANVAS
        before, pooled = given, []
        for number, (published, count) in enumerate(ENCODER, start=1):
            name, after = f"g_encoder_conv{number}", channels(published)
            self.add_module(name, block(name, before, after, count))
            before = after
            pooled.append(after)
        before = 0
        for number in range(len(DECODER), 0, -1):
            name, after = f"g_decoder_conv{number}", channels(DECODER[number - 1])
            self.add_module(name, block(name, given + pooled[number - 1] + before, after, 2))
            before = after
        self.g_decoder_final = block("g_decoder_final", given + before, channels(FINAL), 2)
        self._add_heads(given, classes, channels(FINAL), channels(TAIL))

    def _add_heads(self, given: int, classes: int, final: int, tail: int) -> None:
        if self.height <= BASE:
            self.add_module(f"g_semantic_{self.height}_conv100", Head(final, classes))
            self.add_module(f"g_{self.height}_conv100", Head(final, 3))
            return
        self.g_decoder_512 = block("g_decoder_512", given + final, tail, 2)
        self.g_512_conv100 = Head(tail, 3)
        self.g_semantic_512 = Head(tail, classes)
        if self.height > 2 * BASE:
            self.g_1024_conv100 = Head(given + 3, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The picture (B, 3, H, W), linear and meant to lie in [-1, 1], and logits of the layout.

        `x` (B, classes + 4, H, W) is the one-hot layout, the canvas in [0, 1] and its mask; H and W are multiples of 64
        and, at 512 and 1024, of 128 and 256. The logits are (B, classes, H, W), at 1024 of half that height and width.
        """
        times = max(1, self.height // BASE)
        coarse = resize(x, (x.shape[-2] // times, x.shape[-1] // times))
        features = self.g_decoder_final(torch.cat((coarse, self._decoded(x, coarse)), 1))
        if times == 1:
            picture = self.get_submodule(f"g_{self.height}_conv100")(features)
            return picture, self.get_submodule(f"g_semantic_{self.height}_conv100")(features)
        middle = x if times == 2 else x[:, :, ::2, ::2]  # the reference's corner-blind resizing by half
        features = self.g_decoder_512(torch.cat((middle, doubled(features)), 1))
        picture, logits = self.g_512_conv100(features), self.g_semantic_512(features)
        if times == 4:
            picture = self.g_1024_conv100(torch.cat((x, doubled(picture)), 1))
        return picture, logits

    def _decoded(self, x: Tensor, coarse: Tensor) -> Tensor:
        """Features before the last block, at the size of `coarse`, which is `x` as the encoder reads it."""
        pooled, features = [], coarse
        for number in range(1, len(ENCODER) + 1):
            features = average_pool(self.get_submodule(f"g_encoder_conv{number}")(features))
            pooled.append(features)
        for number in range(len(ENCODER), 0, -1):
            skip = pooled[number - 1]
            read = [resize(x, (skip.shape[-2], skip.shape[-1])), skip]
            if number < len(ENCODER):
                read.append(features)
            features = doubled(self.get_submodule(f"g_decoder_conv{number}")(torch.cat(read, 1)))
        return features


def network_input(layout: Tensor, canvas: np.ndarray) -> Tensor:
    """What the network reads, (1, classes + 4, H, W): a one-hot layout (1, classes, H, W), its canvas, and its mask.

    `canvas` is RGB uint8 (H, W, 3), black where it is empty; the result has the dtype and the device of `layout`.
    """
    colours = torch.from_numpy(canvas).to(layout.device).permute(2, 0, 1)[None]
    present = colours.any(1, keepdim=True)
    return torch.cat((layout, colours.to(layout) / 255, present.to(layout)), 1)
