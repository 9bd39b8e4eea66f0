"""The recipe of `photo-wct-world`: the segmenter's trunk as encoder, and decoders that turn its features into pictures.

Li et al., "A Closed-form Solution to Photorealistic Image Stylization" (2018), section 3.1: each decoder learns to
reconstruct a picture from its encoder's features and pooling positions, by its pixels and by its features.

A network this slim needs more. The encoder goes on learning, slowly: a trunk a quarter as wide as VGG-19's has lost
most colours at its fourth level. Most features are whitened and coloured, as in use: by the statistics of the same
picture in other colours, which then is what should come out, or by those of another picture, where the content with the
colours of the other one by a linear transfer is. Levels also begin, as in use, from what those above them made. The
decoders' last layers are solved by least squares now and then. Level 4 comes last, and changes nothing for the others.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import placed, to_uint8
from sims.memory.colour_transfer import transfer_colours
from sims.photographs import photograph
from sims.segmentation import load_segmenter
from sims.style.gram import normalise
from sims.style.photo_wct import LEVELS, PhotoWct
from sims.style.whitening import Moments, colouring, restyling
from sims.training.data import read_frames
from sims.training.fitting import FittingRecipe
from sims.training.last_layer import LastLayer
from sims.training.loop import Review
from sims.training.shipping import ship
from sims.vgg import VGG19
from sims.world import World
from zoo.files import read_config

SPACES = ("street", "landscape")
# The photographs that come with scikit-image, and one of them that is held out.
PHOTOGRAPHS = (
    *("astronaut", "chelsea", "rocket", "hubble_deep_field", "retina", "immunohistochemistry", "colorwheel"),
    *("camera", "moon", "brick", "grass", "gravel", "coins"),
)
HELD_OUT = "coffee"
PHOTOGRAPHED = 0.5  # share of the windows that photographs give
WINDOW = {"cpu": 192, "cuda": 256}
BATCH = {"cpu": 4, "cuda": 16}
SCALES = (0.5, 1.2)  # of photographs
CHANCES = {3: 0.4, 2: 0.35, 1: 0.25}  # of a level to learn in a step
FOURTH_FROM = 0.75  # share of the time after which level 4 learns, alone, from what the others' encoder then gives
TASKS = {"pixels": 0.25, "recoloured": 0.3, "restyled": 0.45}  # chances of what it learns
CHAINED_FROM = 0.1  # share of the time after which a level sees what the ones above it make
CONTRASTS = (0.4, 1.6)  # of recoloured pictures
REFITTED_EVERY = 1500  # steps
REFIT_BATCHES = 8
FLAT = 1e-3  # variance of colours added so that no flat window is blown up
SHIFT = 0.12  # standard deviation of their means' shift
RESPONSE = 2.0  # a filter's mean, against which the identity that whitening adds to covariances is small
ENCODER_SHARE = 0.2  # of the learning rate
FIRST_SHARE = 0.3  # the same of the decoders' first layers, whose weights are as small as what they see is large
FEATURES = 0.02  # weight of the features' relative squared error beside the pixels' squared error
SHOWN = 4
DEPTH = 3  # that it ships with: features this narrow lose too much at an eighth of the resolution


class PhotoWctRecipe(FittingRecipe):
    """Squared error of pixels and of the segmenter's features, of one level a step.

    All encoders are the beginnings of one.
    """

    learning_rate = 1.5e-3
    also = "the photographs that come with scikit-image"

    def __init__(self, name: str, world: World, segmenter: Path, device: torch.device):
        self.frames = [read_frames(world, space, "training").pictures for space in SPACES]
        self.held_out = torch.cat([read_frames(world, space, "held_out").pictures for space in SPACES])
        self.photographs = [photograph_tensor(name) for name in PHOTOGRAPHS]
        self.trunk = placed(load_segmenter(segmenter).trunk, device).requires_grad_(False)
        self.width: float = read_config(segmenter)["width"]
        known = [picture[None].to(device).float() / 127.5 - 1 for picture in self.photographs]
        known += [frames[:1].to(device).float() / 127.5 - 1 for frames in self.frames]
        super().__init__(name, with_encoder(PhotoWct(self.width), self.trunk, known), device)

    def parameter_groups(self) -> list[dict[str, Any]]:
        shares: dict[float, list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():  # each once, though encoders have theirs in common
            level, layer = int(name[1]), name.split(".")[1]
            share = ENCODER_SHARE if name[0] == "e" else FIRST_SHARE if layer == f"conv{level}_1" else 1.0
            if parameter.requires_grad:
                shares.setdefault(share, []).append(parameter)
        return [{"params": parameters, "share": share} for share, parameters in shares.items()]

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step down the gradient, and now and then the last layers of the decoders by least squares."""
        losses = super().step(rng, done)
        if self.steps == 1 or self.steps % REFITTED_EVERY == 0:
            self._refit(cast(PhotoWct, self.network), rng, done)
        return losses

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        level = int(rng.choice(list(CHANCES), p=list(CHANCES.values())))
        if done > FOURTH_FROM:
            level = LEVELS[0]
            self.network.get_submodule("e3").requires_grad_(False)
        network = cast(PhotoWct, self.network)
        task, given, style, wanted = self._task(level, rng, done, network)
        made = self._decoded(level, given, style, network)
        return {
            f"{task}_{level}": F.mse_loss(made, wanted),
            f"features_{level}": FEATURES * self._distance(made, wanted, level),
        }

    def _task(
        self, level: int, rng: np.random.Generator, done: float, network: PhotoWct
    ) -> tuple[str, Tensor, Tensor | None, Tensor]:
        """What a level is to learn: the task's name, pictures, their style if there is one, and what is wanted."""
        pictures = recoloured(self._windows(rng), rng).contiguous(memory_format=torch.channels_last)
        task = str(rng.choice(list(TASKS), p=list(TASKS.values())))
        if task == "pixels":
            return task, pictures, None, pictures
        others = recoloured(pictures, rng)
        style = others if task == "recoloured" else others.roll(1, 0)
        wanted = style if task == "recoloured" else with_colours(pictures, style)
        given = self._arriving(level, pictures, style, rng, network) if done > CHAINED_FROM else pictures
        return task, given, style, wanted

    @torch.no_grad()
    def _refit(self, network: PhotoWct, rng: np.random.Generator, done: float) -> None:
        """Solve the last layer of every decoder, which is linear, for all pixels of some batches at once.

        That of level 1 learns in no other way: its channels are so much alike that gradients swing it about.
        """
        for level in CHANCES if done < FOURTH_FROM else LEVELS:
            layer = cast(nn.Conv2d, network.get_submodule(f"d{level}.conv1_1"))
            fit = LastLayer(layer)
            for _ in range(REFIT_BATCHES):
                _, given, style, wanted = self._task(level, rng, done, network)
                self._decoded(level, given, style, network)
                fit.add(wanted)
            fit.solve()

    def _decoded(self, level: int, pictures: Tensor, style: Tensor | None, network: PhotoWct) -> Tensor:
        """What a level makes of pictures, with the look of a style if there is one; not clamped."""
        features, pools = network.encode(level, pictures)
        if style is not None:
            with torch.no_grad():
                target, _ = network.encode(level, style)
            features = restyled(features.float(), target.float())
        return network.decode(level, features, pools).float()

    @torch.no_grad()
    def _arriving(
        self, level: int, pictures: Tensor, style: Tensor, rng: np.random.Generator, network: PhotoWct
    ) -> Tensor:
        """The pictures as they arrive at a level, through those above it from a random one on, or none."""
        for above in range(int(rng.integers(level, max(level, *CHANCES) + 1)), level, -1):
            pictures = self._decoded(above, pictures, style, network)
        return pictures

    def _distance(self, made: Tensor, wanted: Tensor, level: int) -> Tensor:
        """Relative squared error of the segmenter's features up to a level."""
        taps = [f"conv{each}_1" for each in range(1, level + 1)]
        with torch.no_grad():
            targets = [target.float() for target in self.trunk(wanted * 2 - 1, taps)]
        pairs = zip(self.trunk(made * 2 - 1, taps), targets, strict=True)
        return torch.stack(
            [F.mse_loss(found.float(), target) / target.square().mean() for found, target in pairs]
        ).mean()

    def _windows(self, rng: np.random.Generator) -> Tensor:
        """Random windows (B, 3, W, W) in [0, 1] of frames and photographs."""
        side = WINDOW[self.device.type]
        found = []
        for _ in range(BATCH[self.device.type]):
            if rng.random() < PHOTOGRAPHED:
                picture = self.photographs[int(rng.integers(len(self.photographs)))]
                least = max(SCALES[0], (side + 1) / min(picture.shape[1:]))
                scale = float(rng.uniform(least, max(least, SCALES[1])))
                picture = F.interpolate(picture[None].float(), scale_factor=scale, mode="bilinear", antialias=True)[0]
            else:
                frames = self.frames[int(rng.integers(len(self.frames)))]
                picture = frames[int(rng.integers(len(frames)))].float()
            top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[1:])
            window = picture[:, top : top + side, left : left + side]
            found.append(window.flip(-1) if rng.random() < 0.5 else window)
        return torch.stack(found).to(self.device) / 255

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """How far reconstructions of held-out pictures are from them, level by level, and what they look like."""
        network = cast(PhotoWct, self.steady())
        if limit >= len(self.held_out):  # at the end, so that the figures are those of what ships
            self._refit(network, np.random.default_rng(self.steps), 1.0)
        count = len(self.held_out)
        frames = self.held_out[np.linspace(0, count - 1, min(limit, count)).astype(int)]
        pictures = [*frames.float(), photograph_tensor(HELD_OUT).float()]
        differences: dict[int, list[float]] = {level: [] for level in LEVELS}
        rows = []
        for index, picture in enumerate(pictures):
            wanted = picture[None].to(self.device) / 255
            made = {level: network.decode(level, *network.encode(level, wanted)).clamp(0, 1) for level in LEVELS}
            for level, found in made.items():
                differences[level].append((found - wanted).abs().mean().item())
            if index < SHOWN or picture is pictures[-1]:
                row = [F.interpolate(x, (256, 384), mode="bilinear") for x in (wanted, *made.values())]
                rows.append(np.concatenate([to_uint8(x * 2 - 1) for x in row], axis=1))
        scores = {f"reconstruction_{level}": round(float(np.mean(differences[level])), 4) for level in LEVELS}
        return Review(scores, np.concatenate(rows))

    def export(self, folder: Path) -> None:
        ship(folder, self.shipped(), {"family": "photo_wct", "width": self.width, "depth": DEPTH})


def photograph_tensor(name: str) -> Tensor:
    """One of scikit-image's photographs, (3, H, W) uint8."""
    return torch.from_numpy(photograph(name).transpose(2, 0, 1).copy())


def with_encoder(network: PhotoWct, trunk: VGG19, pictures: Sequence[Tensor]) -> PhotoWct:
    """The network ready to learn: all its encoders are the beginnings of one that starts as the trunk.

    It is scaled so that every filter's mean response to `pictures`, (1, 3, H, W) in [-1, 1], is `RESPONSE`.
    """
    scaled = copy.deepcopy(trunk).eval()
    normalise(scaled, pictures)
    encoder = network.get_submodule(f"e{LEVELS[0]}")
    for name, layer in encoder.named_children():
        known = {"weight": 2 * torch.eye(3)[:, :, None, None], "bias": -torch.ones(3)}  # [0, 1] to [-1, 1]
        if name != "conv0":
            known = dict(scaled.features[scaled.taps[name] - 1].state_dict())
            known["bias"] *= RESPONSE
            known["weight"] *= RESPONSE if name == "conv1_1" else 1
        layer.load_state_dict(known)
        for level in LEVELS[1:]:
            shorter = network.get_submodule(f"e{level}")
            if name in dict(shorter.named_children()):
                shorter.add_module(name, layer)
    encoder.get_submodule("conv0").requires_grad_(False)
    network.get_submodule("d1").requires_grad_(False)
    for level in LEVELS:  # first layers of decoders, which otherwise would start with far too much
        first = network.get_submodule(f"d{level}.conv{level}_1")
        first.load_state_dict({key: value / (2 * RESPONSE) for key, value in first.state_dict().items()})
    return network


def restyled(features: Tensor, target: Tensor) -> Tensor:
    """Features (B, C, H, W), those of each picture whitened, and coloured as those of the same picture in `target`."""
    found = []
    with torch.autocast(features.device.type, enabled=False):
        for one, other in zip(features, target, strict=True):
            pixels = one.flatten(1).T
            with torch.no_grad():
                content, style = Moments(), Moments()
                content.add(pixels)
                style.add(other.flatten(1).T)
                change = restyling(content, colouring(style))
            found.append(change(pixels).T.view_as(one))
    return torch.stack(found)


def with_colours(pictures: Tensor, others: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) in [0, 1] with the means and covariances of the colours of the others, clamped."""
    pairs = zip(*(batch.permute(0, 2, 3, 1).double().cpu().numpy() for batch in (pictures, others)), strict=True)
    moved = np.stack([transfer_colours(picture, other, FLAT) for picture, other in pairs])
    return torch.from_numpy(moved).permute(0, 3, 1, 2).to(pictures).clamp(0, 1)


def recoloured(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures (B, 3, H, W) in [0, 1] with more or less contrast along three random axes of colour, and other means."""
    found = []
    for picture in pictures:
        axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        change = torch.from_numpy((axes * rng.uniform(*CONTRASTS, 3)) @ axes.T).to(picture)
        mean = picture.mean((1, 2), keepdim=True)
        shift = torch.from_numpy(rng.normal(0, SHIFT, (3, 1, 1))).to(picture)
        found.append((torch.einsum("ij,jhw->ihw", change, picture - mean) + mean + shift).clamp(0, 1))
    return torch.stack(found)
