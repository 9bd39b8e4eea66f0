"""The recipes of `spade-street` and `spade-landscape`: SPADE with a style encoder.

On a CPU a core network makes 128x256 pictures first; the last doubling (the published `most` layout's `up_4`) is then
grown on top and all is trained at 256x512, as it is from the start where there is CUDA. Losses follow Park et al. 2019,
section 4 and appendix A, with the segmenter's features in the place of VGG's. Maps are doubled bilinearly: nearest
neighbours, as published, leave a plaid of lines that trainings as short as these do not get rid of.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sims.generator import placed
from sims.label_space import label_space
from sims.spade import SpadeConfig, SpadeNetwork, StyleEncoder, instance_edges
from sims.spade_layout import Pyramid
from sims.training.adversarial import SETTLING, AdversarialRecipe
from sims.training.adversary import Adversary
from sims.training.averaging import recalibrate
from sims.training.data import Batch, Frames
from sims.training.shipping import ship, unship
from zoo.convert import checked_config
from zoo.convert.spade import ENCODER
from zoo.errors import ZooError
from zoo.files import read_config, read_weights

CORE_SHARE = {"cpu": 0.55, "cuda": 0.0}  # of the time goes into the core
BATCH = {"cpu": {"more": 4, "most": 2}, "cuda": {"more": 16, "most": 16}}
DIVERGENCE = 0.05
CALIBRATION_BATCHES = 24


def core_config(space: str) -> SpadeConfig:
    """The 128x256 core of a built-in SPADE."""
    return SpadeConfig(
        ngf=16,
        label_nc=label_space(space).channels,
        contain_dontcare_label=False,
        no_instance=space != "street",
        num_upsampling_layers="more",
        crop_size=256,
        aspect_ratio=2.0,
        norm_G="spadebatch3x3",
        use_vae=True,
        hidden=32,
        encoder_ngf=8,
        upsampling="bilinear",
    )


class SpadeRecipe(AdversarialRecipe[Pyramid]):
    """Generator and encoder against two patch discriminators, first the core, then all."""

    def __init__(self, space: str, training: Frames, held_out: Frames, segmenter: Path, device: torch.device):
        super().__init__(f"spade-{space}", space, training, held_out, segmenter, device)
        self._build(core_config(space))

    def _build(self, config: SpadeConfig) -> None:
        networks = self._networks(config)
        _initialise(networks)
        self.begin(networks, Adversary(config.channels + 3))

    def _networks(self, config: SpadeConfig) -> nn.ModuleList:
        self.config, self.batch = config, BATCH[self.device.type][config.num_upsampling_layers]
        self.size = self.window = config.size
        return placed(nn.ModuleList((SpadeNetwork(config), StyleEncoder(config.encoder_ngf))), self.device)

    def adopt(self, folder: Path) -> None:
        found = checked_config(read_config(folder))
        wanted = asdict(replace(self.config, num_upsampling_layers="most", crop_size=512))
        wrong = [key for key, value in wanted.items() if key != "upsampling" and found.get(key) != value]
        if wrong:
            raise ZooError(
                f"{folder} is another network: its {wrong[0]} is {found.get(wrong[0])!r}; start from our own."
            )
        config = SpadeConfig(**wanted)
        networks = self._networks(config)
        weights = read_weights(folder)
        encoder = {key.removeprefix(ENCODER): weights.pop(key) for key in list(weights) if key.startswith(ENCODER)}
        for network, tensors in zip(networks, (weights, encoder), strict=True):
            unship(network, tensors)
        self.begin(networks, Adversary(config.channels + 3), settling=SETTLING)

    def _grow(self) -> None:
        """Put the last doubling on top of the core; what both networks share is kept."""
        core, adversary = self.networks.state_dict(), self.adversary.state_dict()
        self._build(replace(self.config, num_upsampling_layers="most", crop_size=512))
        self.networks.load_state_dict({k: v for k, v in core.items() if "conv_img" not in k}, strict=False)
        self.adversary.load_state_dict(adversary)
        self.begin(self.networks, self.adversary)

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        if done >= CORE_SHARE[self.device.type] and self.config.num_upsampling_layers == "more":
            self._grow()
        return super().step(rng, done)

    def see(self, batch: Batch) -> Pyramid:
        edges = None
        if not self.config.no_instance:
            edges = instance_edges(torch.where(batch.instances > 0, batch.instances.long(), -1 - batch.labels))
        return Pyramid(batch.labels, edges, self.config.classes)

    def dense(self, seen: Pyramid) -> Tensor:
        return seen.at(self.size).dense()

    def make(self, batch: Batch, seen: Pyramid) -> tuple[Tensor, dict[str, Tensor]]:
        generator, encoder = self.networks
        mean, log_variance = (x.float() for x in encoder(batch.pictures))
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1).mean()
        return generator(seen, z), {"divergence": DIVERGENCE * divergence}

    def show(self, networks: nn.ModuleList, batch: Batch) -> Tensor:
        """Each in the style of its own render."""
        generator, encoder = networks
        return generator(self.see(batch), encoder(batch.pictures)[0])

    def state(self) -> dict[str, object]:
        return super().state() | {"layers": self.config.num_upsampling_layers}

    def restore(self, state: dict[str, object]) -> None:
        if state["layers"] == "most":
            self._grow()
        super().restore(state)

    @torch.no_grad()
    def measure(self, network: nn.ModuleList) -> None:
        """Batch statistics over training frames."""
        recalibrate(network)
        rng = np.random.default_rng(0)
        for _ in range(CALIBRATION_BATCHES):
            batch = self.training.batch(rng.integers(len(self.training), size=2).tolist())
            self.show(network, batch.resized(*self.size))
        network.eval()

    def export(self, folder: Path) -> None:
        generator, encoder = self.steady()
        tensors = generator.state_dict() | {f"{ENCODER}{key}": value for key, value in encoder.state_dict().items()}
        ship(
            folder, tensors, {"family": "spade", **asdict(self.config), "label_space": self.space, "spectral": "folded"}
        )


def _initialise(networks: nn.Module) -> None:
    for layer in networks.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain=0.7)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
