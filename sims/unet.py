"""The U-Nets of pix2pix: the authors', and the one of the HugGAN community event.

Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial Networks" (2017), section 6.1.
Module names follow the published state dicts. Input and output are (B, C, H, W) in [-1, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sims.norms import Dropout, norm_layer


class UNet(nn.Module):
    """An encoder and decoder with skips, of 7 or 8 halvings: sides are multiples of 128 or 256."""

    def __init__(self, levels: int, input_nc: int, output_nc: int, ngf: int, norm: str, use_dropout: bool):
        super().__init__()
        widths = [input_nc] + [ngf * min(2**level, 8) for level in range(levels)]
        block: UNetLevel | None = None
        for level in range(levels - 1, -1, -1):
            dropped = use_dropout and 4 <= level < levels - 1  # the 512-wide levels, but not the innermost
            back = output_nc if level == 0 else widths[level]
            block = UNetLevel(
                widths[level], widths[level + 1], back, block, norm, outermost=level == 0, dropped=dropped
            )
        assert block is not None
        self.model = block

    def forward(self, x: Tensor) -> Tensor:
        """(B, input_nc, H, W) -> (B, output_nc, H, W)."""
        return self.model(x)


class UNetLevel(nn.Module):
    """One halving, what lies inside it, and the doubling back; its input is put before its output."""

    def __init__(
        self, outer: int, inner: int, back: int, inside: UNetLevel | None, norm: str, *, outermost: bool, dropped: bool
    ):
        super().__init__()
        self.outermost = outermost
        bias = norm == "instance"  # batch norm makes a bias superfluous
        down = nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=bias)
        up = nn.ConvTranspose2d(
            inner * (1 if inside is None else 2), back, 4, stride=2, padding=1, bias=bias or outermost
        )
        within: list[nn.Module] = [] if inside is None else [inside]
        layers: list[nn.Module]
        if outermost:
            layers = [down, *within, nn.ReLU(), up, nn.Tanh()]
        elif inside is None:
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, norm_layer(norm, back)]
        else:
            layers = [nn.LeakyReLU(0.2), down, norm_layer(norm, inner), *within, nn.ReLU(), up, norm_layer(norm, back)]
            layers += [Dropout(0.5)] if dropped else []
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, outer, H, W) -> (B, outer + back, H, W), or the picture at the outermost level."""
        return self.model(x) if self.outermost else torch.cat((x, self.model(x)), dim=1)


class HugGANUNet(nn.Module):
    """The community event's U-Net: instance norm, skips behind what was doubled; sides are multiples of 256."""

    def __init__(self, in_channels: int, out_channels: int, base_width: int):
        super().__init__()
        one, two, four, eight = (base_width * factor for factor in (1, 2, 4, 8))
        down = [in_channels, one, two, four, eight, eight, eight, eight, eight]
        for number in range(1, 9):
            normed, dropped = 1 < number < 8, number > 3
            self.add_module(f"down{number}", _HugGANDown(down[number - 1], down[number], normed, dropped))
        up = [eight, eight, eight, eight, four, two, one]
        before = eight
        for number, width in enumerate(up, start=1):
            self.add_module(f"up{number}", _HugGANUp(before, width, dropped=number < 5))
            before = width + down[8 - number]
        self.final = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(before, out_channels, 4, padding=1),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W)."""
        skips = []
        for number in range(1, 9):
            x = self.get_submodule(f"down{number}")(x)
            skips.append(x)
        for number in range(1, 8):
            x = torch.cat((self.get_submodule(f"up{number}")(x), skips[7 - number]), dim=1)
        return self.final(x)


class _HugGANDown(nn.Module):
    def __init__(self, before: int, after: int, normed: bool, dropped: bool):
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False))
        self.normed = normed
        self.dropout = Dropout(0.5) if dropped else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.model(x)
        return self.dropout(F.leaky_relu(F.instance_norm(x) if self.normed else x, 0.2))


class _HugGANUp(nn.Module):
    def __init__(self, before: int, after: int, dropped: bool):
        super().__init__()
        self.model = nn.Sequential(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False))
        self.dropout = Dropout(0.5) if dropped else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(F.relu(F.instance_norm(self.model(x))))
