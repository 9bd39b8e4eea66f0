"""The residual generators of CycleGAN and pix2pix, and their mobile kin from GAN Compression.

Zhu, Park, Isola and Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (2017),
appendix 7.2, after Johnson et al. (2016). Li et al., "GAN Compression" (2020), section 3.1, for the mobile blocks.
Module names follow the published state dicts. Input and output are (B, C, H, W) in [-1, 1], of any size.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sims.norms import norm_layer

MOBILE_BLOCKS = 9


class ResNet(nn.Module):
    """Two halvings, residual blocks, two doublings."""

    def __init__(self, blocks: int, input_nc: int, output_nc: int, ngf: int, norm: str, use_dropout: bool):
        super().__init__()
        body = [ResidualBlock(4 * ngf, norm, use_dropout) for _ in range(blocks)]
        self.model = _around(body, (ngf, 2 * ngf, 4 * ngf, 2 * ngf, ngf), input_nc, output_nc, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, input_nc, H, W) -> (B, output_nc, h, w), where h = 4 * ceil(ceil(H / 2) / 2), and likewise w."""
        return self.model(x)


class MobileResNet(nn.Module):
    """The same with separable convolutions in its blocks.

    `channels` are 14 widths in units of the base width: three of the trunk, one inside each of the nine blocks, two of
    the doublings. The uncompressed network has 14 equal ones.
    """

    def __init__(self, input_nc: int, output_nc: int, channels: Sequence[int], norm: str):
        super().__init__()
        first, second, trunk, *inner, sixth, last = channels
        body = [MobileBlock(4 * trunk, 4 * width, norm) for width in inner]
        self.model = _around(body, (first, 2 * second, 4 * trunk, 2 * sixth, last), input_nc, output_nc, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, input_nc, H, W) -> (B, output_nc, h, w), where h = 4 * ceil(ceil(H / 2) / 2), and likewise w."""
        return self.model(x)


def _around(
    body: Sequence[nn.Module], widths: Sequence[int], input_nc: int, output_nc: int, norm: str
) -> nn.Sequential:
    """`body` between the halvings and the doublings that all variants share."""
    a, b, c, d, e = widths
    bias = norm == "instance"  # batch norm makes a bias superfluous
    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *_normed(nn.Conv2d(input_nc, a, 7, bias=bias), norm),
        *_normed(nn.Conv2d(a, b, 3, stride=2, padding=1, bias=bias), norm),
        *_normed(nn.Conv2d(b, c, 3, stride=2, padding=1, bias=bias), norm),
        *body,
        *_normed(nn.ConvTranspose2d(c, d, 3, stride=2, padding=1, output_padding=1, bias=bias), norm),
        *_normed(nn.ConvTranspose2d(d, e, 3, stride=2, padding=1, output_padding=1, bias=bias), norm),
        nn.ReflectionPad2d(3),
        nn.Conv2d(e, output_nc, 7),
        nn.Tanh(),
    )


def _normed(convolution: nn.Conv2d | nn.ConvTranspose2d, norm: str) -> tuple[nn.Module, ...]:
    return convolution, norm_layer(norm, convolution.out_channels), nn.ReLU()


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int, norm: str, use_dropout: bool):
        super().__init__()
        bias = norm == "instance"
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            norm_layer(norm, channels),
            nn.ReLU(),
            *([nn.Identity()] if use_dropout else []),  # its place counts in the names; at test time it is off
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            norm_layer(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W), unchanged in shape."""
        return x + self.conv_block(x)


class MobileBlock(nn.Module):
    """A residual block of separable convolutions."""

    def __init__(self, outer: int, inner: int, norm: str):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            SeparableConv(outer, inner),
            norm_layer(norm, inner),
            nn.ReLU(),
            nn.Identity(),  # where the published networks keep a dropout of probability 0
            nn.ReflectionPad2d(1),
            SeparableConv(inner, outer),
            norm_layer(norm, outer),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, outer, H, W), unchanged in shape."""
        return x + self.conv_block(x)


class SeparableConv(nn.Module):
    """Depthwise 3x3 without padding, instance norm, pointwise 1x1."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(before, before, 3, groups=before), nn.InstanceNorm2d(before), nn.Conv2d(before, after, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) -> (B, after, H - 2, W - 2)."""
        return self.conv(x)
