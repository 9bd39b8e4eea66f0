"""A network's last convolution, fitted by least squares to what it should give: linear, so solved at once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LastLayer:
    """The normal equations of a 3x3 convolution with bias, of all pixels that it has seen since this was made.

    `layer` is given padded maps (B, C, H + 2, W + 2); what it saw last is counted in by `add`.
    """

    def __init__(self, layer: nn.Conv2d):
        self.layer = layer
        size, device = layer.weight[0].numel() + 1, layer.weight.device
        self._products = torch.zeros((size, size), dtype=torch.float64, device=device)
        self._wanted = torch.zeros((size, layer.out_channels), dtype=torch.float64, device=device)
        self._seen: list[Tensor] = []
        self._hook = layer.register_forward_pre_hook(lambda module, given: self._seen.append(given[0].detach()))

    def add(self, wanted: Tensor) -> None:
        """Count in that the layer should have given `wanted`, (B, 3, H, W), for what it saw last."""
        patches = F.unfold(self._seen[-1].float(), 3)  # (B, 9 C, H W)
        self._seen.clear()
        for one, target in zip(patches, wanted.float().flatten(2), strict=True):
            rows = torch.cat((one, torch.ones_like(one[:1])))
            with torch.autocast(rows.device.type, enabled=False):  # in half precision they would be worthless
                self._products += (rows @ rows.T).double()
                self._wanted += (rows @ target.T).double()

    def solve(self, ridge: float = 1e-4) -> None:
        """Put the solution into the layer; `ridge`, times the mean square of what it saw, keeps weights small."""
        self._hook.remove()
        damped = self._products.clone()
        damped.diagonal().add_(ridge * damped.diagonal().mean())
        solution = torch.linalg.solve(damped, self._wanted).T.to(self.layer.weight)  # (3, 9 C + 1)
        self.layer.weight.copy_(solution[:, :-1].view_as(self.layer.weight))
        assert self.layer.bias is not None
        self.layer.bias.copy_(solution[:, -1])
