"""The recipe of the built-in CIPS: landscapes on a plane, and all around on a cylinder.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021): the non-saturating loss, R1
now and then and averaged weights (section 4), patches P_{K, sigma} of one scale a step (supplement, patch-based
training) and, for the cylinder, windows of it at any angle judged against ordinary pictures (supplement 3.1).

What a slim network on a CPU needs more: the critic sees, beside the pixels and where in the picture they are, features
of the segmenter; the Fourier features begin spread over many frequencies; and half of the latents are codes of the
training pictures, distributed as latents are, whose pictures must be like the ones they were made of when seen small.
Without that, colours drift and all latents come to have one composition. In the first minutes there is nothing else to
learn. For a cylinder, a picture beside its mirror image goes all around without a seam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.cips import Cips
from sims.generator import placed, to_uint8
from sims.grid import Grid
from sims.training.averaging import Average
from sims.training.codes import Codes
from sims.training.critic import Critic, coloured, gradient_penalty
from sims.training.kernel_distance import kernel_distance, pooled_features
from sims.training.loop import Review
from sims.training.shipping import ship, unship
from sims.world import World
from zoo.convert import checked_config
from zoo.convert.cips import native_size
from zoo.files import read_weights

SLIM = {
    "family": "cips",
    "kind": "skip",
    "size": 32,
    "hidden": 64,
    "style_dim": 64,
    "n_mlp": 3,
    "lr_mlp": 0.1,
    "width": 128,
}
CONFIGS = {
    "cips-landscape": checked_config(SLIM | {"embedding": [96, 96], "native_size": [128, 128]}),
    "cips-panorama": checked_config(SLIM | {"geometry": "cylinder", "embedding": [48, 192], "native_size": [128, 512]}),
}
HEIGHT = 128  # of the pictures learned from
PATCH = 32  # K
WARM_UP = 0.1  # share of the time in which the generator learns from codes
COARSE_FIRST = 0.35  # share of the time in which whole pictures are looked at and no details
COARSE = 0.4  # chance of whole pictures afterwards
FINER = (1, 2)  # the other strides, sigma
BATCH = {"cpu": 16, "cuda": 64}
WARM_RATE, RATE, JUDGE_RATE = 8e-3, 2.5e-3, 4e-4  # the critic's weights have no equalised rate, and want less
LARGEST = 1.0  # norm of the critic's gradient
FADE_FROM = 0.7  # share of the time after which the learning rate falls
BETAS = (0.0, 0.99)
LIKENESS = 10.0  # weight of the difference of a code's picture, seen small, from the one coded
PENALTY, PENALTY_EVERY = 2.0, 16
ZOOM = (1.0, 1.35)  # how much of a picture is left out, so that few pictures show many compositions
FREQUENCIES = (0.5, 16.0)  # radians a unit
CODED = 4096  # squares whose principal components the codes are of
SHOWN = (3, 4)  # rows and columns of pictures on a sheet
COMPARED = 256  # pictures made for the kernel distance
TURNS = 4  # windows around a cylinder


@dataclass(frozen=True)
class Window:
    """Which pixels of a picture a step sees: every `stride`th from (top, left)."""

    stride: int
    top: int
    left: int

    def cut(self, pictures: Tensor) -> Tensor:
        """The pixels (..., K, K) of pictures (..., H, W)."""
        rows, columns = (
            slice(start, start + (PATCH - 1) * self.stride + 1, self.stride) for start in (self.top, self.left)
        )
        return pictures[..., rows, columns]


class CipsRecipe:
    """Alternating steps of the critic and of the generator."""

    also = "features of the segmenter, which learned from the same frames"

    def __init__(self, name: str, world: World, segmenter: Path, device: torch.device):
        self.name, self.device, self.segmenter = name, device, segmenter
        self.config = CONFIGS[name]
        self.around = self.config["geometry"] == "cylinder"
        self.training, self.held_out = (_pictures(world, split, self.around) for split in ("training", "held_out"))
        self.network = begun(Cips(self.config)).to(device)
        rng = np.random.default_rng(0)
        self.codes = Codes(torch.cat([self._real(CODED // 32, rng) for _ in range(32)]), self.config["style_dim"])
        self.begin()

    def begin(self) -> None:
        """Start optimising the present network against a new critic."""
        self.average: Average[Cips] = Average(self.network, decay=0.998)
        self.critic = placed(Critic(self.segmenter, PATCH), self.device)
        self.maker = torch.optim.Adam(self.network.parameters(), RATE, BETAS)
        self.judge = torch.optim.Adam([p for p in self.critic.parameters() if p.requires_grad], JUDGE_RATE, BETAS)
        self.steps = 0

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step of the critic, one of the generator, on patches of one scale."""
        fade = min(1.0, (1.0 - done) / (1.0 - FADE_FROM)) + 1e-3
        rates = {self.maker: WARM_RATE if done < WARM_UP else RATE * fade, self.judge: JUDGE_RATE * fade}
        for optimiser, rate in rates.items():
            for group in optimiser.param_groups:
                group["lr"] = rate
        count = BATCH[self.device.type]
        window = self._window(rng, done)
        scenes = self._real(count, rng)
        starts = rng.integers(scenes.shape[3], size=count) if self.around else np.zeros(count, int)
        turned = [scene.roll(-int(start), -1) for scene, start in zip(scenes, starts, strict=True)]
        real = window.cut(torch.stack(turned)).to(self.device)
        latents = self.codes(scenes).to(self.device)
        if done < WARM_UP:
            return self._paint(real, latents, window, starts)
        latents = torch.cat((latents[: count // 2], torch.randn_like(latents[count // 2 :])))
        place = self._place(window)
        fake = self._fake(latents, window, starts)
        losses = self._judge(coloured(real, rng), coloured(fake.detach(), rng), place)

        self.critic.requires_grad_(False)
        fooled = torch.stack([F.softplus(-score).mean() for score in self.critic(coloured(fake, rng), place)]).sum()
        self.critic.learning()
        half = count // 2
        unlike = F.l1_loss(F.avg_pool2d(fake[:half], 2), F.avg_pool2d(real[:half], 2))
        self.maker.zero_grad()
        (fooled + LIKENESS * unlike).backward()
        self.maker.step()
        self.steps += 1
        self.average.update(self.network, self.steps)
        return losses | {f"fool_{window.stride}": fooled.item(), f"unlike_{window.stride}": unlike.item()}

    def _paint(self, real: Tensor, codes: Tensor, window: Window, starts: np.ndarray) -> dict[str, float]:
        """One step towards painting pictures from their codes."""
        distance = F.l1_loss(self._fake(codes, window, starts), real)
        self.maker.zero_grad()
        distance.backward()
        self.maker.step()
        self.steps += 1
        self.average.update(self.network, self.steps)
        return {"distance": distance.item()}

    def _judge(self, real: Tensor, fake: Tensor, place: Tensor) -> dict[str, float]:
        true, false = self.critic(real, place), self.critic(fake, place)
        loss = torch.stack([F.softplus(-t).mean() + F.softplus(f).mean() for t, f in zip(true, false, strict=True)])
        total = loss.sum()
        right = torch.cat((true[0] > 0, false[0] < 0)).float().mean()
        found = {"judge": total.item(), "right": right.item()}
        if self.steps % PENALTY_EVERY == 0:
            penalty = gradient_penalty(self.critic, real, place)
            total = total + PENALTY_EVERY * PENALTY / 2 * penalty
            found["penalty"] = penalty.item()
        self.judge.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.critic.parameters(), LARGEST)
        self.judge.step()
        return found

    def _window(self, rng: np.random.Generator, done: float) -> Window:
        coarse = done < COARSE_FIRST or rng.random() < COARSE
        stride = HEIGHT // PATCH if coarse else int(rng.choice(FINER))
        room = HEIGHT - (PATCH - 1) * stride
        return Window(stride, int(rng.integers(room)), int(rng.integers(room)))

    def _place(self, window: Window) -> Tensor:
        """What the critic is told of a window: every pixel's height, and its stride; (1, 2, K, K)."""
        y = window.cut(torch.linspace(-1, 1, HEIGHT)[:, None].expand(HEIGHT, HEIGHT))
        stride = torch.full_like(y, math.log2(window.stride))
        return torch.stack((y, stride))[None].to(self.device)

    def _real(self, count: int, rng: np.random.Generator) -> Tensor:
        """Random parts (B, 3, H, W) of training pictures in [-1, 1], of the native size; on a cylinder all around."""
        found = []
        for index in rng.integers(len(self.training), size=count):
            picture = self.training[index]
            whole = picture.shape[2] == 4 * picture.shape[1]  # a panorama
            scale = 1.0 if whole else float(rng.uniform(*ZOOM))
            height = round(picture.shape[1] / scale)
            width = picture.shape[2] if whole else height * (2 if self.around else 1)
            width = min(width, picture.shape[2])
            top, left = (int(rng.integers(a - b + 1)) for a, b in zip(picture.shape[1:], (height, width), strict=True))
            part = picture[None, :, top : top + height, left : left + width].float()
            across = HEIGHT * (4 if whole else 2 if self.around else 1)
            part = F.interpolate(part, (HEIGHT, across), mode="bilinear", antialias=True)
            part = part.flip(-1) if rng.random() < 0.5 else part
            if self.around:
                part = part if whole else torch.cat((part, part.flip(-1)), 3)
                part = part.roll(int(rng.integers(part.shape[3])), -1)
            found.append(part)
        return torch.cat(found) / 127.5 - 1

    def _fake(self, latents: Tensor, window: Window, starts: np.ndarray) -> Tensor:
        """Patches (B, 3, K, K) of the pictures of latents (B, D), on a cylinder from columns `starts` (B,) on."""
        points = window.cut(square_points(self.around).movedim(-1, 0)).flatten(1).T  # (K K, 2)
        points = points[None].repeat(len(latents), 1, 1)
        if self.around:
            points[..., 0] += torch.from_numpy(starts * (2 * math.pi / (TURNS * HEIGHT))).float()[:, None]
        made = self.network(points.to(self.device), self.network.style(latents)).float()
        return made.transpose(1, 2).unflatten(2, (PATCH, PATCH))

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """A kernel distance to held-out pictures, and what the pictures look like; all in truncation 1 and 0.7."""
        network = self.average.network
        noise = torch.Generator().manual_seed(1)
        styles = network.style(torch.randn(COMPARED, self.config["style_dim"], generator=noise).to(self.device))
        rows = []
        for row in range(SHOWN[0]):
            shown = styles[row * SHOWN[1] : (row + 1) * SHOWN[1]]
            shown = styles.mean(0) + (shown - styles.mean(0)) * (1.0 if row else 0.7)
            made = [self._whole(network, style) for style in shown]
            rows.append(np.concatenate([to_uint8(picture) for picture in made], 1))
        rows.append(self._reals(rows[0].shape[1]))
        scores = self._distance(network, styles) if limit >= len(self.held_out) else {}
        return Review(scores, np.concatenate(rows))

    def _whole(self, network: Cips, style: Tensor) -> Tensor:
        """A whole picture (1, 3, H, W)."""
        return self._shown(network, points_of(Grid(*native_size(self.config), self.config["geometry"])), style)

    def _shown(self, network: Cips, points: Tensor, style: Tensor) -> Tensor:
        """The picture (1, 3, h, w) of points (h, w, 2)."""
        colours = network(points.to(self.device).flatten(0, 1)[None], style[None]).float()
        return colours.transpose(1, 2).unflatten(2, points.shape[:2])

    def _reals(self, width: int) -> np.ndarray:
        """A row of held-out pictures as wide as the others, again from the first where there are few."""
        squares = [F.interpolate(p[None].float(), (HEIGHT, p.shape[2] * HEIGHT // p.shape[1]), mode="bilinear",
                                 antialias=True)[0] for p in self.held_out]  # fmt: skip
        row = torch.cat(squares, 2)
        row = row.repeat(1, 1, -(-width // row.shape[2]))[..., :width]
        return row.permute(1, 2, 0).round().to(torch.uint8).numpy()

    def _distance(self, network: Cips, styles: Tensor) -> dict[str, float]:
        """Kernel distances of new squares, and of training squares, to squares of held-out pictures."""
        rng = np.random.default_rng(1)
        made = []
        for style in styles:
            points = square_points(self.around)
            if self.around:
                points[..., 0] += float(rng.uniform(-math.pi, math.pi))
            made.append(self._shown(network, points, style))
        held_out = torch.cat([square for picture in self.held_out for square in squares_of(picture)])
        training = torch.cat([square for picture in self.training for square in squares_of(picture)])
        trunk = self.critic.trunk
        wanted = pooled_features(trunk, held_out.to(self.device))
        return {
            "kernel": kernel_distance(pooled_features(trunk, torch.cat(made).clamp(-1, 1)), wanted),
            "kernel_render": kernel_distance(pooled_features(trunk, training[:COMPARED].to(self.device)), wanted),
        }

    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""
        ship(folder, self.average.network.state_dict(), self.config)

    def adopt(self, folder: Path) -> None:
        """Start from the weights of a shipped checkpoint instead of random ones."""
        unship(self.network, read_weights(folder))
        self.begin()

    def state(self) -> dict[str, object]:
        """All that resuming needs."""
        parts = {name: getattr(self, name).state_dict() for name in ("network", "critic", "maker", "judge")}
        return {"steps": self.steps, "average": self.average.network.state_dict(), **parts}

    def restore(self, state: dict[str, object]) -> None:
        """Go on from what `state` returned."""
        for name in ("network", "critic", "maker", "judge"):
            getattr(self, name).load_state_dict(state[name])
        self.average.network.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.steps = int(state["steps"])  # type: ignore[call-overload]


def begun(network: Cips) -> Cips:
    """A new network whose Fourier features have all frequencies from the first step on."""
    convolution = cast(nn.Conv2d, network.get_submodule("lff.ffm.conv"))
    weight, bias = convolution.weight, cast(Tensor, convolution.bias)
    with torch.no_grad():
        low, high = (math.log(each) for each in FREQUENCIES)
        frequencies = torch.linspace(low, high, len(weight)).exp()
        direction = F.normalize(torch.randn_like(weight[:, :, 0, 0]), dim=1)
        weight.copy_((direction * frequencies[:, None])[..., None, None])
        bias.uniform_(-math.pi, math.pi)
        network.get_parameter("emb.input").zero_()  # or each would begin as speckles
    return network


def square_points(around: bool) -> Tensor:
    """Points (HEIGHT, HEIGHT, 2) of a square picture: a plane, or the part of a cylinder from its first column on."""
    grid = Grid(HEIGHT, TURNS * HEIGHT, "cylinder") if around else Grid(HEIGHT, HEIGHT)
    return points_of(grid)[:, :HEIGHT]


def points_of(grid: Grid) -> Tensor:
    """All points (H, W, 2) of a grid."""
    rows, columns = torch.arange(grid.height), torch.arange(grid.width)
    found = grid.points(rows.repeat_interleave(grid.width), columns.repeat(grid.height))
    return found.view(grid.height, grid.width, 2)


def squares_of(picture: Tensor) -> list[Tensor]:
    """The squares (1, 3, HEIGHT, HEIGHT), side by side, of a picture (3, H, W) uint8, in [-1, 1]."""
    side = picture.shape[1]
    cuts = [picture[None, :, :, left : left + side].float() for left in range(0, picture.shape[2] - side + 1, side)]
    return [F.interpolate(cut, (HEIGHT, HEIGHT), mode="bilinear", antialias=True) / 127.5 - 1 for cut in cuts]


def _pictures(world: World, split: str, around: bool) -> list[Tensor]:
    """The pictures (3, H, W) uint8 of a split; panoramas, where there are any, are among them for a cylinder."""
    spaces = ("landscape", "panorama") if around else ("landscape",)
    return [
        torch.from_numpy(world.read(space, notes.number).picture.transpose(2, 0, 1).copy())
        for space in spaces
        if space == "landscape" or space in world.spaces
        for notes in world.frames(space, split)
    ]
