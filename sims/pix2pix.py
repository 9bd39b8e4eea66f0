"""pix2pix, CycleGAN and their kin behind the common interface: a picture, or a layout drawn as one, translated.

Isola et al. 2017; Zhu et al. 2017. The networks are in `sims.unet` and `sims.resnet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from sims.generator import Card, Choice, Generator, Run, loaded, placed, to_tensor, to_uint8
from sims.layout import Layout
from sims.norms import BatchNorm, Dropout, set_dropout, set_statistics
from sims.resnet import MOBILE_BLOCKS, MobileResNet, ResNet
from sims.spade_layout import one_hot
from sims.unet import HugGANUNet, UNet
from zoo.convert.unet_resnet import RESNET_BLOCKS, UNET_LEVELS

STATISTICS = Choice(
    "statistics",
    ("picture", "running"),
    "Batch norm by each picture's own statistics, as in the published pictures, or by those of the training.",
)
DROPOUT = Choice("dropout", ("off", "on"), "Dropout as a source of variety, drawn by the seed.")


def build_network(config: Mapping[str, Any]) -> nn.Module:
    """The untrained network that a checkpoint's `config.json` describes."""
    if config["family"] == "huggan":
        return HugGANUNet(config["in_channels"], config["out_channels"], config["base_width"])
    kind, ends = config["netG"], (config["input_nc"], config["output_nc"])
    if kind in UNET_LEVELS:
        return UNet(UNET_LEVELS[kind], *ends, config["ngf"], config["norm"], config["use_dropout"])
    if kind in RESNET_BLOCKS:
        return ResNet(RESNET_BLOCKS[kind], *ends, config["ngf"], config["norm"], config["use_dropout"])
    channels = config["channels"] if kind.startswith("sub_") else [config["ngf"]] * (MOBILE_BLOCKS + 5)
    return MobileResNet(*ends, channels, config["norm"])


class TranslationGenerator(Generator):
    """Resize, translate, write: the reference's test procedure (facts of its `test.py`) with its choices offered."""

    stage_names = ("read the input", "translate")

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        super().__init__(card, device)
        self.size: tuple[int, int] = tuple(config["size"])
        self.input, self.grey = config["input"], config.get("input_nc", config.get("in_channels")) == 1
        self.network = placed(loaded(build_network(config), tensors), device)

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        with torch.device("meta"):
            modules = list(build_network(config).modules())
        options = [STATISTICS] if any(isinstance(module, BatchNorm) for module in modules) else []
        options += [DROPOUT] if any(isinstance(module, Dropout) for module in modules) else []
        return replace(
            card,
            task="image" if config["input"] == "image" else "layout",
            native_size=tuple(config["size"]),
            label_space=config.get("label_space"),
            classes=config["input_nc"] if config["input"] == "layout_onehot" else None,
            options=tuple(options),
        )

    def memory_bytes(self) -> int:
        return sum(tensor.numel() * tensor.element_size() for tensor in self.network.state_dict().values())

    def _from_layout(
        self, layout: Layout, style: np.ndarray | None, options: Mapping[str, str], run: Run
    ) -> np.ndarray:
        with run.stage("read the input"):
            layout = layout.resize(*self.size)
            if self.input == "layout_onehot":
                channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None].to(self.device)
                x = one_hot(channels, layout.space.channels)
            else:
                x = to_tensor(layout.colours(), self.device)
        return self._translate(x, options, run)

    def _from_image(self, image: np.ndarray, options: Mapping[str, str], run: Run) -> np.ndarray:
        with run.stage("read the input"):
            height, width = self.size
            picture = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
            if self.grey:
                picture = picture.convert("L").convert("RGB")
            x = to_tensor(np.array(picture), self.device)
        return self._translate(x[:, :1] if self.grey else x, options, run)

    def _translate(self, x: Tensor, options: Mapping[str, str], run: Run) -> np.ndarray:
        set_statistics(self.network, options.get("statistics", "running"))
        set_dropout(self.network, run.seed if options.get("dropout") == "on" else None)
        with run.stage("translate"):
            return to_uint8(self.network(x.contiguous(memory_format=torch.channels_last)))
