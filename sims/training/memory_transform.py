"""The recipe of the transformation network of `sims-street`: it finds its way back to where a segment was cut from.

Qi et al. 2018, and the released training: segments are moved and resized at random, and the network brings them back.
On top of the pictures' difference, the affine parameters themselves are compared, which a training of minutes needs and
one of days does not.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from sims.label_space import label_space
from sims.memory.rules import roles
from sims.memory.segments import Segment, segments_of
from sims.memory.transform import TransformNetwork, warp
from sims.spade_layout import one_hot
from sims.training.data import SIZE, Frames
from sims.training.fitting import FittingRecipe
from sims.training.loop import Review
from sims.training.memory_frames import Cases
from sims.training.shipping import ship, unship

WIDTH = 1 / 8
MINIMUM_AREA = 4000  # pixels; what smaller segments add to the pooled features is lost
SEGMENTS = 4  # a step
REVIEWED = 3  # segments of a frame
SCALE, SHIFT, TURN = 0.2, 0.12, 2.5  # at most: log of the scale of each axis, share of the segment's side, degrees
PARAMETERS = 0.5  # weight of the affine parameters' difference
HEAD = "g_transform_param"
# How far each of the head's outputs moves while another weight moves by one.
STEPS = (0.1, 0.1, 20.0, 0.1, 0.1, 20.0)
SEGMENT_CHANNELS = 4  # of the network's input: colours and mask
SHOWN = 8


class TransformRecipe(FittingRecipe):
    """Segments of one frame a step, disturbed and brought back."""

    prefix = "transform."
    learning_rate = 2e-3

    def __init__(self, name: str, space: str, training: Frames, held_out: Frames, device: torch.device):
        self.space, self.roles = label_space(space), roles(space)
        self.training, self.held_out = training.placed(device), held_out.placed(device)
        network = TransformNetwork(WIDTH)
        register_parametrization(network, HEAD, _Steps())
        super().__init__(name, network, device)
        self.learnt, self.reviewed = (
            Cases(
                f"{split} frame of {space} has a segment of more than {MINIMUM_AREA} pixels",
                len(frames),
                partial(self._case, frames, count),
            )
            for split, frames, count in (
                ("training", self.training, SEGMENTS),
                ("held-out", self.held_out, REVIEWED),
            )
        )

    def begin(self, network: nn.Module) -> None:
        _leave_out_layout(network)
        super().begin(network)

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        losses = super().step(rng, done)
        _leave_out_layout(self.network)
        return losses

    def losses(self, rng: np.random.Generator, done: float) -> dict[str, Tensor]:
        pieces, masks, layout, undo = self.learnt.drawn(rng)
        theta = self.network(pieces[1], masks, layout)
        found = warp(pieces[1], theta)
        area = masks.sum((1, 2, 3)) + 1
        away = ((found - pieces[0]).abs().mean(1, keepdim=True) * masks).sum((1, 2, 3)) / area
        return {"picture": away.mean(), "parameters": PARAMETERS * _distance(theta, undo)}

    def _case(
        self, frames: Frames, count: int, index: int, rng: np.random.Generator
    ) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor, Tensor] | None:
        """Segments (N, 3, H, W) as they were and disturbed, masks (N, 1, H, W), layouts, and what undoes it (N, 6).

        They are up to `count` segments of a frame; None if it has none.
        """
        batch = frames.batch([index])
        labels = batch.labels[0].cpu().numpy().astype(np.uint8)
        segments = segments_of(labels, self.space.channels - 1, self.roles.thin, MINIMUM_AREA)
        if not segments:
            return None
        chosen = [segments[i] for i in rng.permutation(len(segments))[:count]]
        masks = torch.from_numpy(np.stack([segment.mask for segment in chosen]))[:, None].float().to(self.device)
        pieces = (batch.pictures + 1) / 2 * masks
        moves = np.stack([_disturbance(segment, rng) for segment in chosen])
        undo = np.linalg.inv(moves)[:, :2].reshape(-1, 6)
        there = warp(pieces, torch.from_numpy(moves[:, :2].reshape(-1, 6)).float().to(self.device))
        layout = one_hot(batch.labels, self.space.channels).expand(len(chosen), -1, -1, -1)
        return (pieces, there), masks, layout, torch.from_numpy(undo).float().to(self.device)

    @torch.no_grad()
    def review(self, limit: int) -> Review:
        """Mean difference under the masks, in [0, 1], and mean overlap with them, before and after; a few segments."""
        network, rng = self.steady(), np.random.default_rng(0)
        kept: dict[str, list[float]] = {"disturbed": [], "found": [], "overlap_disturbed": [], "overlap_found": []}
        rows: list[Tensor] = []
        for (pieces, there), masks, layout, _ in self.reviewed.first(limit, rng):
            found = warp(there, network(there, masks, layout))
            for name, result in (("disturbed", there), ("found", found)):
                kept[name].append((((result - pieces).abs() * masks).sum() / (3 * masks.sum())).item())
                kept[f"overlap_{name}"].append(_overlap(result, masks))
            if len(rows) < SHOWN:
                rows.append(torch.cat((there[0], found[0], pieces[0]), 2))
        sheet = (torch.cat(rows, 1).clamp(0, 1) * 255).byte().permute(1, 2, 0).cpu().numpy()[::2, ::2]
        return Review({name: round(float(np.mean(values)), 4) for name, values in kept.items()}, sheet)

    def shipped(self) -> dict[str, Tensor]:
        network = self.steady()
        tensors = {key: value for key, value in network.state_dict().items() if not key.startswith("parametrizations.")}
        tensors[HEAD] = getattr(network, HEAD).detach()
        return {f"{self.prefix}{key}": value for key, value in tensors.items()}

    def adopt(self, folder: Path) -> None:
        network = TransformNetwork(WIDTH)
        unship(network, self.own_tensors(folder))
        register_parametrization(network, HEAD, _Steps())
        self.begin(network)

    def export(self, folder: Path) -> None:
        ship(folder, self.shipped(), {"family": "sims", "part": "transform", "transform_width": WIDTH})


@torch.no_grad()
def _leave_out_layout(network: nn.Module) -> None:
    """Have the first layer read the segment and its mask alone.

    Layer norm then brings out even a small segment; with a whole layout beside it, it is lost in the pooled features.
    """
    network.get_parameter("g_transform_conv1.g_transform_conv1_1.weights")[:, SEGMENT_CHANNELS:] = 0


class _Steps(nn.Module):
    """The head as a product: Adam moves every weight by about as much, and pixels are larger numbers than scales."""

    def forward(self, weights: Tensor) -> Tensor:
        """The head's weights (6, C) of those that are trained."""
        return weights * weights.new_tensor(STEPS)[:, None]

    def right_inverse(self, weights: Tensor) -> Tensor:
        """The weights to train of the head's."""
        return weights / weights.new_tensor(STEPS)[:, None]


def _disturbance(segment: Segment, rng: np.random.Generator) -> np.ndarray:
    """A random affine map (3, 3) about a segment's middle, in pixels from the middle of the picture."""
    top, left, bottom, right = segment.box
    centre = np.array([(left + right - SIZE[1]) / 2, (top + bottom - SIZE[0]) / 2])
    side = np.array([right - left, bottom - top])
    angle = np.deg2rad(rng.uniform(-TURN, TURN))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn * np.exp(rng.uniform(-SCALE, SCALE, 2))
    move = np.eye(3)
    move[:2, :2] = matrix
    move[:2, 2] = centre - matrix @ centre + rng.uniform(-SHIFT, SHIFT, 2) * side.clip(max=160)
    return move


def _distance(theta: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of affine maps (B, 6), each number in proportion to what it moves in the picture."""
    height, width = SIZE
    weight = theta.new_tensor([width / 4, height / 4, 1, width / 4, height / 4, 1])
    return F.smooth_l1_loss(theta * weight, wanted * weight, beta=2.0) / 10


def _overlap(pieces: Tensor, masks: Tensor) -> float:
    """Mean intersection over union of pieces (B, 3, H, W), where they are not black, and masks (B, 1, H, W)."""
    seen, wanted = pieces.sum(1, keepdim=True) > 0.02, masks > 0
    both = (seen & wanted).sum((1, 2, 3)).float()
    return (both / (seen | wanted).sum((1, 2, 3)).clamp(min=1)).mean().item()
