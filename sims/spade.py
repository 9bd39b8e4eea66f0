"""SPADE: layout to picture by spatially-adaptive normalisation, with an optional style encoder.

Park, Liu, Wang and Zhu, "Semantic Image Synthesis with Spatially-Adaptive Normalization" (2019). Module names follow
the published state dicts, so that official tensors load under official names. What is computed is the paper's
network; how differs where algebra allows it, as said at each place:

- in evaluation the layout stays integer, and its modulation is computed as `sims.spade_layout` says;
- batch norm is folded into the modulation, and gamma and beta are one convolution (`SPADE.prepare`);
- modulations depend on the layout alone and are kept for the next style or seed (`Level.modulations`).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.generator import Card, Choice, Generator, Run, loaded, placed, to_tensor, to_uint8
from sims.layout import Layout
from sims.spade_layout import Level, Modulation, Pyramid
from zoo.convert.spade import DOUBLINGS, ENCODER, ENCODER_CODE, NORM_G, fold, semantic_nc, start_size

ENCODER_SIDE = 256  # the encoder sees pictures of 256x256
KEPT_LAYOUT_BYTES = 512 * 1024 * 1024

STYLE_SAMPLING = Choice(
    "style_sampling", ("mean", "draw"), "With a style picture: its mean style, or one drawn around it by the seed."
)


@dataclass(frozen=True)
class SpadeConfig:
    """The options that decide the network, under their official names where they have one.

    `hidden` is the width of `mlp_shared`; `upsampling` is how a map is doubled, "nearest" in all published networks.
    """

    ngf: int
    label_nc: int
    contain_dontcare_label: bool
    no_instance: bool
    num_upsampling_layers: str
    crop_size: int
    aspect_ratio: float
    norm_G: str
    use_vae: bool = False
    z_dim: int = 256
    hidden: int = 128
    encoder_ngf: int = 64
    upsampling: str = "nearest"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> SpadeConfig:
        """The part of a checked `config.json` that decides the network."""
        return cls(**{field.name: config[field.name] for field in fields(cls)})

    @property
    def classes(self) -> int:
        """One-hot channels of the layout, the don't-care channel included, the edge channel not."""
        return self.label_nc + self.contain_dontcare_label

    @property
    def channels(self) -> int:
        """Channels of the layout as a convolution reads it: the classes, then the edge channel if there is one."""
        return semantic_nc(vars(self))

    @property
    def seed_size(self) -> tuple[int, int]:
        """(height, width) of the first feature map."""
        return start_size(vars(self))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the pictures."""
        height, width = self.seed_size
        scale = 2 ** DOUBLINGS[self.num_upsampling_layers]
        return height * scale, width * scale

    @property
    def norm(self) -> tuple[str, int]:
        """The kind of parameter-free norm, "batch" or "instance", and the modulation's kernel size."""
        found = re.fullmatch(NORM_G, self.norm_G)
        assert found, f"norm_G is {self.norm_G!r}"
        return found[2].removeprefix("sync"), int(found[3])


class SPADE(nn.Module):
    """Normalise, then scale and shift each position by what the layout says there (section 3.1, equation 1)."""

    def __init__(self, channels: int, config: SpadeConfig):
        super().__init__()
        kind, kernel = config.norm
        self.param_free_norm = (
            nn.BatchNorm2d(channels, affine=False) if kind == "batch" else nn.InstanceNorm2d(channels, affine=False)
        )
        self.mlp_shared = nn.Sequential(
            nn.Conv2d(config.channels, config.hidden, kernel, padding=kernel // 2), nn.ReLU()
        )
        self.mlp_gamma = nn.Conv2d(config.hidden, channels, kernel, padding=kernel // 2)
        self.mlp_beta = nn.Conv2d(config.hidden, channels, kernel, padding=kernel // 2)
        self.modulation: Modulation | None = None

    def forward(self, x: Tensor, level: Level) -> Tensor:
        """x is (B, channels, h, w), `level` the layout at (h, w)."""
        if self.modulation is None:
            shared = self.mlp_shared(level.dense())
            return self.param_free_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)
        if id(self) not in level.modulations:
            level.modulations[id(self)] = self.modulation.compute(level)
        scale, shift = level.modulations[id(self)]
        if isinstance(self.param_free_norm, nn.InstanceNorm2d):
            x = self.param_free_norm(x)
        return torch.addcmul(shift, x, scale)

    def prepare(self, classes: int) -> None:
        """Arrange the loaded weights for evaluation.

        gamma and beta read the same features: one convolution gives both. Batch norm in evaluation is an affine map of
        each channel, (x - mean) / deviation, so it goes into that convolution: scale = (1 + gamma) / deviation and
        shift = beta - mean * scale.
        """
        held: dict[str, Tensor] = self.state_dict()
        first, kernel = held["mlp_shared.0.weight"], held["mlp_shared.0.weight"].shape[-1]
        by_tap = first[:, :classes].permute(2, 3, 1, 0)  # (K, K, classes, hidden)
        gain_weight, gain_bias = held["mlp_gamma.weight"], held["mlp_gamma.bias"] + 1
        shift_weight, shift_bias = held["mlp_beta.weight"], held["mlp_beta.bias"]
        if isinstance(self.param_free_norm, nn.BatchNorm2d):
            mean = held["param_free_norm.running_mean"]
            inverse = torch.rsqrt(held["param_free_norm.running_var"] + self.param_free_norm.eps)
            gain_weight, gain_bias = gain_weight * inverse[:, None, None, None], gain_bias * inverse
            shift_weight = shift_weight - gain_weight * mean[:, None, None, None]
            shift_bias = shift_bias - gain_bias * mean
        self.modulation = Modulation(
            kernel=kernel,
            table=F.pad(by_tap, (0, 0, 0, 1)).reshape(-1, len(first)).contiguous(),
            shared_bias=held["mlp_shared.0.bias"],
            edge_weight=first[:, classes:] if first.shape[1] > classes else None,
            weight=torch.cat((gain_weight, shift_weight)).contiguous(memory_format=torch.channels_last),
            bias=torch.cat((gain_bias, shift_bias)),
        )
        del self.mlp_shared, self.mlp_gamma, self.mlp_beta  # the arranged weights hold all they held


class ResBlock(nn.Module):
    """Two SPADE-normalised convolutions and a shortcut, learned where the width changes (appendix A)."""

    def __init__(self, before: int, after: int, config: SpadeConfig):
        super().__init__()
        middle = min(before, after)
        self.conv_0 = nn.Conv2d(before, middle, 3, padding=1)
        self.conv_1 = nn.Conv2d(middle, after, 3, padding=1)
        self.norm_0 = SPADE(before, config)
        self.norm_1 = SPADE(middle, config)
        self.learned_shortcut = before != after
        if self.learned_shortcut:
            self.conv_s = nn.Conv2d(before, after, 1, bias=False)
            self.norm_s = SPADE(before, config)

    def forward(self, x: Tensor, layout: Pyramid) -> Tensor:
        """(B, before, h, w) -> (B, after, h, w)."""
        level = layout.at((x.shape[2], x.shape[3]))
        shortcut = self.conv_s(self.norm_s(x, level)) if self.learned_shortcut else x
        y = self.conv_0(F.leaky_relu(self.norm_0(x, level), 0.2))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, level), 0.2))
        return shortcut + y


class SpadeNetwork(nn.Module):
    """The generator (section 3.2, appendix A)."""

    def __init__(self, config: SpadeConfig):
        super().__init__()
        self.config = config
        wide, (height, width) = 16 * config.ngf, config.seed_size
        if config.use_vae:
            self.fc: nn.Module = nn.Linear(config.z_dim, wide * height * width)
        else:
            self.fc = nn.Conv2d(config.channels, wide, 3, padding=1)
        self.head_0 = ResBlock(wide, wide, config)
        self.G_middle_0 = ResBlock(wide, wide, config)
        self.G_middle_1 = ResBlock(wide, wide, config)
        self.up_0 = ResBlock(wide, wide // 2, config)
        self.up_1 = ResBlock(wide // 2, wide // 4, config)
        self.up_2 = ResBlock(wide // 4, wide // 8, config)
        self.up_3 = ResBlock(wide // 8, wide // 16, config)
        if config.num_upsampling_layers == "most":
            self.up_4 = ResBlock(wide // 16, wide // 32, config)
        last = wide // (32 if config.num_upsampling_layers == "most" else 16)
        self.conv_img = nn.Conv2d(last, 3, 3, padding=1)

    def forward(self, layout: Pyramid, z: Tensor | None = None) -> Tensor:
        """(B, 3, H, W) in [-1, 1], (H, W) = `config.size`; z (B, z_dim) is needed when `use_vae`, and only then."""
        if z is not None:
            x = self.fc(z).view(len(z), -1, *self.config.seed_size)
        else:
            x = self.fc(layout.at(self.config.seed_size).dense())
        x = self.head_0(x, layout)
        x = self.G_middle_0(self._twice(x), layout)
        x = self.G_middle_1(x if self.config.num_upsampling_layers == "normal" else self._twice(x), layout)
        blocks = [self.up_0, self.up_1, self.up_2, self.up_3]
        if self.config.num_upsampling_layers == "most":
            blocks.append(self.up_4)
        for block in blocks:
            x = block(self._twice(x), layout)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))

    def _twice(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode=self.config.upsampling)

    def prepare(self) -> None:
        """Arrange all SPADE layers for evaluation; call it once the weights are final."""
        for module in self.modules():
            if isinstance(module, SPADE):
                module.prepare(self.config.classes)

    def bytes(self) -> int:
        """Bytes of the weights, arranged ones included."""
        arranged = (m.modulation.bytes() for m in self.modules() if isinstance(m, SPADE) and m.modulation)
        return sum(p.numel() * p.element_size() for p in self.parameters()) + sum(arranged)


class StyleEncoder(nn.Module):
    """A style picture to the mean and log variance of its style code (appendix A, image encoder)."""

    def __init__(self, ngf: int):
        super().__init__()
        widths = [3, ngf, 2 * ngf, 4 * ngf, 8 * ngf, 8 * ngf, 8 * ngf]
        self.depth = len(widths) - 1
        for number, (before, after) in enumerate(itertools.pairwise(widths), start=1):
            conv = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
            self.add_module(f"layer{number}", nn.Sequential(conv, nn.InstanceNorm2d(after)))
        features = widths[-1] * (ENCODER_SIDE // 2**self.depth) ** 2
        self.fc_mu = nn.Linear(features, ENCODER_CODE)
        self.fc_var = nn.Linear(features, ENCODER_CODE)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each (B, 256), of pictures (B, 3, H, W) in [-1, 1] of any size and aspect."""
        x = picture
        if x.shape[-2:] != (ENCODER_SIDE, ENCODER_SIDE):
            x = F.interpolate(x, (ENCODER_SIDE, ENCODER_SIDE), mode="bilinear", align_corners=False)
        for number in range(1, self.depth + 1):
            x = F.leaky_relu(self.get_submodule(f"layer{number}")(x), 0.2)
        x = x.flatten(1)
        return self.fc_mu(x), self.fc_var(x)


def instance_edges(instances: Tensor) -> Tensor:
    """(B, 1, H, W) float32: 1 where the instance id differs from a neighbour left, right, above or below.

    `instances` is (B, H, W) of any integer type, already at the picture's size.
    """
    edges = torch.zeros(instances.shape, dtype=torch.bool, device=instances.device)
    across = instances[:, :, 1:] != instances[:, :, :-1]
    down = instances[:, 1:] != instances[:, :-1]
    edges[:, :, 1:] |= across
    edges[:, :, :-1] |= across
    edges[:, 1:] |= down
    edges[:, :-1] |= down
    return edges[:, None].float()


class SpadeGenerator(Generator):
    """SPADE behind the common interface."""

    stage_names = ("read the layout", "read the style", "synthesise")

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        """`tensors` is the checkpoint under official names, spectral norm folded or not; the encoder under `netE.`."""
        super().__init__(card, device)
        self.config = SpadeConfig.of(config)
        tensors = fold(tensors)
        network = SpadeNetwork(self.config)
        self.network = placed(loaded(network, {k: v for k, v in tensors.items() if not k.startswith(ENCODER)}), device)
        self.network.prepare()
        self.encoder: StyleEncoder | None = None
        if self.config.use_vae:
            encoder = StyleEncoder(self.config.encoder_ngf)
            found = {k.removeprefix(ENCODER): v for k, v in tensors.items() if k.startswith(ENCODER)}
            self.encoder = placed(loaded(encoder, found), device)
        self._last: tuple[bytes, Pyramid] | None = None

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        shape = SpadeConfig.of(config)
        return replace(
            card,
            task="layout",
            native_size=shape.size,
            label_space=config["label_space"],
            classes=shape.classes,
            accepts_style=shape.use_vae,
            options=(STYLE_SAMPLING,) if shape.use_vae else (),
        )

    def memory_bytes(self) -> int:
        encoder = self.encoder.parameters() if self.encoder else ()
        kept = self.network.bytes() + sum(p.numel() * p.element_size() for p in encoder)
        return kept + (self._last[1].bytes() if self._last else 0)

    def _from_layout(
        self, layout: Layout, style: np.ndarray | None, options: Mapping[str, str], run: Run
    ) -> np.ndarray:
        with run.stage("read the layout"):
            pyramid = self._pyramid(layout)
        z = None
        if self.encoder is not None:
            with run.stage("read the style"):
                z = self._style(style, options["style_sampling"], run)
        with run.stage("synthesise"):
            image = to_uint8(self.network(pyramid, z))
        if pyramid.bytes() > KEPT_LAYOUT_BYTES:
            self._last = None
        return image

    def _pyramid(self, layout: Layout) -> Pyramid:
        """The layout at the picture's size; the same layout as last time keeps its modulations."""
        layout = layout.resize(*self.config.size)
        instances = None if self.config.no_instance else edge_ids(layout)
        digest = hashlib.sha256(layout.ids.tobytes() + (b"" if instances is None else instances.tobytes())).digest()
        if self._last is None or self._last[0] != digest:
            channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None].to(self.device)
            edges = None
            if instances is not None:
                edges = instance_edges(torch.from_numpy(instances)[None].to(self.device))
            self._last = (digest, Pyramid(channels, edges, self.config.classes))
        return self._last[1]

    def _style(self, style: np.ndarray | None, sampling: str, run: Run) -> Tensor:
        """(1, 256): of the style picture, or, without one, drawn by the seed."""
        assert self.encoder is not None
        noise = run.noise(1, self.config.z_dim).to(self.device)
        if style is None:
            return noise
        mean, log_variance = self.encoder(to_tensor(style, self.device))
        return mean if sampling == "mean" else mean + noise * torch.exp(0.5 * log_variance)


def edge_ids(layout: Layout) -> np.ndarray:
    """Instance ids (H, W) int32; what is no instance is told apart by its class, as the official maps do."""
    instances = layout.instance_map()
    return np.where(instances > 0, instances, -1 - layout.ids.astype(np.int32))
