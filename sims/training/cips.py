"""The recipe of the built-in CIPS: landscapes on a plane, and all around on a cylinder.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021): the non-saturating loss, R1 now
and then and averaged weights (section 4), patches P_{K, sigma} of one scale a step (supplement, patch-based training) and,
for the cylinder, windows of it at any angle judged against ordinary pictures (supplement 3.1).

What a slim network on a CPU needs more: the critic sees, beside the pixels and where in the picture they are, features of
the segmenter; the Fourier features begin spread over many frequencies; and in the first minutes the generator learns,
without a critic, to paint the training pictures from codes of theirs that are distributed as latents are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.cips import Cips
from sims.generator import placed, to_uint8
from sims.training.averaging import Average
from sims.training.codes import Codes
from sims.training.critic import Critic, coloured, gradient_penalty
from sims.training.kernel_distance import kernel_distance, pooled_features
from sims.training.loop import Review
from sims.training.shipping import ship, unship
from sims.world import World
from zoo.convert import checked_config
from zoo.convert.cips import embedding_size, native_size
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
    "cips-panorama": checked_config(
        SLIM | {"geometry": "cylinder", "embedding": [48, 192], "native_size": [128, 512]}
    ),
}
HEIGHT = 128  # of the pictures learned from
PATCH = 32  # K
WARM_UP = 0.04  # share of the time in which the generator learns from codes
COARSE_FIRST = 0.4  # share of the time in which whole pictures are looked at and no details
COARSE = 0.4  # chance of whole pictures afterwards
FINER = (1, 2)  # the other strides, sigma
BATCH = {"cpu": 16, "cuda": 64}
WARM_RATE, RATE = 8e-3, 2.5e-3
FADE_FROM = 0.7  # share of the time after which the learning rate falls
BETAS = (0.0, 0.99)
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

    also = "on features of the segmenter, which learned from the same frames"

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
        self.judge = torch.optim.Adam([p for p in self.critic.parameters() if p.requires_grad], RATE, BETAS)
        self.steps = 0

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One step of the critic, one of the generator, on patches of one scale."""
        rate = WARM_RATE if done < WARM_UP else RATE * min(1.0, (1.0 - done) / (1.0 - FADE_FROM)) + 1e-6
        for optimiser in (self.maker, self.judge):
            for group in optimiser.param_groups:
                group["lr"] = rate
        count = BATCH[self.device.type]
        window = self._window(rng, done)
        squares = self._real(count, rng)
        real = window.cut(squares).to(self.device)
        if done < WARM_UP:
            return self._paint(real, self.codes(squares).to(self.device), window, rng)
        place = self._place(window)
        fake = self._fake(torch.randn(count, self.config["style_dim"]).to(self.device), window, rng)
        losses = self._judge(coloured(real, rng), coloured(fake.detach(), rng), place)

        self.critic.requires_grad_(False)
        fooled = torch.stack([F.softplus(-score).mean() for score in self.critic(coloured(fake, rng), place)]).sum()
        self.critic.learning()
        self.maker.zero_grad()
        fooled.backward()
        self.maker.step()
        self.steps += 1
        self.average.update(self.network, self.steps)
        return losses | {f"fool_{window.stride}": fooled.item()}

    def _paint(self, real: Tensor, codes: Tensor, window: Window, rng: np.random.Generator) -> dict[str, float]:
        """One step towards painting pictures from their codes."""
        distance = F.l1_loss(self._fake(codes, window, rng), real)
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
        found = {"judge": total.item(), "right": float((true[0] > 0).float().mean() + (false[0] < 0).float().mean()) / 2}
        if self.steps % PENALTY_EVERY == 0:
            penalty = gradient_penalty(self.critic, real, place)
            total = total + PENALTY_EVERY * PENALTY / 2 * penalty
            found["penalty"] = penalty.item()
        self.judge.zero_grad()
        total.backward()
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
        """Random squares (B, 3, HEIGHT, HEIGHT) of training pictures, in [-1, 1]."""
        found = []
        for index in rng.integers(len(self.training), size=count):
            picture = self.training[index]
            side = round(picture.shape[1] / float(rng.uniform(*ZOOM)))
            top = int(rng.integers(picture.shape[1] - side + 1))
            left = int(rng.integers(picture.shape[2] - side + 1))
            square = picture[None, :, top : top + side, left : left + side].float()
            square = F.interpolate(square, (HEIGHT, HEIGHT), mode="bilinear", antialias=True)
            found.append(square.flip(-1) if rng.random() < 0.5 else square)
        return torch.cat(found) / 127.5 - 1

    def _fake(self, latents: Tensor, window: Window, rng: np.random.Generator) -> Tensor:
        """Patches (B, 3, K, K) of the pictures of latents (B, D); on a cylinder each at an angle of its own."""
        count = len(latents)
        points = window.cut(square_points(self.around).movedim(-1, 0)).flatten(1).T  # (K K, 2)
        points = points[None].repeat(count, 1, 1)
        if self.around:
            points[..., 0] += torch.from_numpy(rng.uniform(-math.pi, math.pi, (count, 1))).float()
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
        height, width = native_size(self.config)
        points = square_points(self.around)[None] if not self.around else around_points(height, width)[None]
        points = points.to(self.device)
        return network(points.flatten(1, 2), style[None]).float().transpose(1, 2).unflatten(2, points.shape[1:3])

    def _reals(self, width: int) -> np.ndarray:
        """A row of held-out pictures as wide as the others."""
        squares = [F.interpolate(p[None].float(), (HEIGHT, p.shape[2] * HEIGHT // p.shape[1]), mode="bilinear",
                                 antialias=True)[0] for p in self.held_out]  # fmt: skip
        row = torch.cat(squares[: width // HEIGHT + 1], 2)[..., :width]
        return row.permute(1, 2, 0).round().to(torch.uint8).numpy()

    def _distance(self, network: Cips, styles: Tensor) -> dict[str, float]:
        """Kernel distances of new squares, and of training squares, to squares of held-out pictures."""
        rng = np.random.default_rng(1)
        whole = Window(1, 0, 0)
        made = []
        for style in styles:
            points = square_points(self.around).flatten(0, 1)[None].clone()
            if self.around:
                points[..., 0] += float(rng.uniform(-math.pi, math.pi))
            made.append(network(points.to(self.device), style[None]).float().transpose(1, 2).unflatten(2, (HEIGHT,) * 2))
        assert whole.stride == 1
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
    weight = network.lff.ffm.conv.weight
    with torch.no_grad():
        low, high = (math.log(each) for each in FREQUENCIES)
        frequencies = torch.linspace(low, high, len(weight)).exp()
        direction = F.normalize(torch.randn_like(weight[:, :, 0, 0]), dim=1)
        weight.copy_((direction * frequencies[:, None])[..., None, None])
        network.lff.ffm.conv.bias.uniform_(-math.pi, math.pi)
        network.emb.input.zero_()  # or each would begin as speckles
    return network


def square_points(around: bool) -> Tensor:
    """Points (HEIGHT, HEIGHT, 2) of a square picture: a plane, or a quarter of a cylinder."""
    y = torch.linspace(-1, 1, HEIGHT)
    x = (torch.arange(HEIGHT) + 0.5) * (2 * math.pi / (TURNS * HEIGHT)) if around else y
    return torch.stack((x[None].expand(HEIGHT, -1), y[:, None].expand(-1, HEIGHT)), -1)


def around_points(height: int, width: int) -> Tensor:
    """Points (height, width, 2) all around a cylinder."""
    angle = (torch.arange(width) + 0.5) * (2 * math.pi / width) - math.pi
    y = torch.linspace(-1, 1, height)
    return torch.stack((angle[None].expand(height, -1), y[:, None].expand(-1, width)), -1)


def squares_of(picture: Tensor) -> list[Tensor]:
    """The squares (1, 3, HEIGHT, HEIGHT), side by side, of a picture (3, H, W) uint8, in [-1, 1]."""
    side = picture.shape[1]
    cuts = [picture[None, :, :, left : left + side].float() for left in range(0, picture.shape[2] - side + 1, side)]
    return [F.interpolate(cut, (HEIGHT, HEIGHT), mode="bilinear", antialias=True) / 127.5 - 1 for cut in cuts]


def _pictures(world: World, split: str, around: bool) -> list[Tensor]:
    """The pictures (3, H, W) uint8 of a split; panoramas are among them for a cylinder."""
    spaces = ("landscape", "panorama") if around else ("landscape",)
    return [
        torch.from_numpy(world.read(space, notes.number).picture.transpose(2, 0, 1).copy())
        for space in spaces
        for notes in world.frames(space, split)
    ]
