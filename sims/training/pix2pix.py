"""The recipes of `pix2pix-street` and `pix2pix-landscape`: the U-Net of Isola et al. 2017 on one-hot layouts.

One picture a step, so that batch norm learns with the statistics it will use, those of the picture itself. To the
paper's adversary and pixel distance come feature matching and the segmenter's features, as in the other recipes.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import placed
from sims.label_space import label_space
from sims.norms import set_statistics
from sims.spade_layout import one_hot
from sims.training.adversarial import SETTLING, AdversarialRecipe
from sims.training.adversary import Adversary
from sims.training.data import Batch, Frames
from sims.training.shipping import ship, unship
from sims.unet import UNet
from zoo.convert.unet_resnet import UNET_LEVELS
from zoo.files import read_weights

NGF = 16
PIXEL = 10.0
WINDOW = {"cpu": (256, 256), "cuda": (256, 512)}  # of the pictures, in one step


class Pix2PixRecipe(AdversarialRecipe[Tensor]):
    """A U-Net against two patch discriminators."""

    betas = (0.5, 0.999)
    size = (256, 512)
    batch = 1

    def __init__(self, space: str, training: Frames, held_out: Frames, segmenter: Path, device: torch.device):
        super().__init__(f"pix2pix-{space}", space, training, held_out, segmenter, device)
        self.classes = label_space(space).channels
        self.window = WINDOW[device.type]
        networks = self._networks()
        for layer in networks.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0.0, 0.02)
        self.begin(networks, Adversary(self.classes + 3))

    def _networks(self) -> nn.ModuleList:
        network = UNet(UNET_LEVELS["unet_256"], self.classes, 3, NGF, "batch", use_dropout=True)
        return placed(nn.ModuleList([network]), self.device)

    def adopt(self, folder: Path) -> None:
        networks = self._networks()
        unship(networks[0], read_weights(folder))
        self.begin(networks, Adversary(self.classes + 3), settling=SETTLING)

    def see(self, batch: Batch) -> Tensor:
        return one_hot(batch.labels, self.classes)

    def dense(self, seen: Tensor) -> Tensor:
        return seen

    def make(self, batch: Batch, seen: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        fake = self.networks[0](seen)
        return fake, {"pixel": PIXEL * F.l1_loss(fake.float(), batch.pictures)}

    def show(self, networks: nn.ModuleList, batch: Batch) -> Tensor:
        return networks[0](self.see(batch))

    def measure(self, network: nn.ModuleList) -> None:
        """The statistics of each picture."""
        network.eval()
        for mean, last in zip(network.buffers(), self.networks.buffers(), strict=True):
            mean.copy_(last)
        set_statistics(network, "picture")

    def export(self, folder: Path) -> None:
        config = {
            "family": "pix2pix",
            "netG": "unet_256",
            "input_nc": self.classes,
            "output_nc": 3,
            "ngf": NGF,
            "norm": "batch",
            "use_dropout": True,
            "input": "layout_onehot",
            "label_space": self.space,
            "size": list(self.size),
        }
        ship(folder, self.steady()[0].state_dict(), config)
