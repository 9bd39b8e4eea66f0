"""The complex steerable pyramid, built in the frequency domain.

Portilla and Simoncelli, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients", IJCV
40(1), 2000, section 2.1: a high-pass residual, oriented analytic bands an octave apart and a low-pass residual. The
angular functions are powers of a cosine, the radial ones raised cosines over the logarithm of the frequency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The coefficients of C images (C, H, W).

    `high` is (C, H, W). `bands` go from fine to coarse, (2, C, K, H / 2^s, W / 2^s) at scale s: the real part and the
    imaginary part, its Hilbert transform. `low` is (C, H / 2^N, W / 2^N).
    """

    high: Tensor
    bands: tuple[Tensor, ...]
    low: Tensor


class SteerablePyramid:
    """The pyramid of N scales and K orientations over images of one size, which count as periodic.

    It is a tight frame: the mean squares of the high-pass residual, of the real parts of all bands and of the low-pass
    residual add up to the mean square of the image, and `rebuild` is the transpose of `decompose` in that sense, so
    that it reconstructs perfectly. Height and width are multiples of 2^N, at least twice that. Spectra are those of
    `torch.fft.rfft2` with norm "forward", by which a change of size needs no change of scale.
    """

    def __init__(
        self, height: int, width: int, scales: int = 4, orientations: int = 4, device: torch.device | str = "cpu"
    ) -> None:
        step = 2**scales
        if scales < 1 or orientations < 2:
            raise ValueError(f"A pyramid of {scales} scales and {orientations} orientations; give at least 1 and 2.")
        if height % step or width % step or min(height, width) < 2 * step:
            raise ValueError(f"Images are {width}x{height}; {scales} scales need sides of {2 * step}, {3 * step}, ...")
        self.scales, self.orientations = scales, orientations
        self.sizes = tuple((height >> scale, width >> scale) for scale in range(scales + 1))
        radius, _ = _polar(height, width)
        self.high_filter, self.low_filter = (part.to(device) for part in _radial(radius / 2))
        levels = [_level(*size, orientations) for size in self.sizes[:-1]]
        self.low_filters = tuple(low.to(device) for low, _ in levels)
        angles = [_polar(*size)[1] for size in self.sizes[:-1]]
        self._quadratures = tuple(_quadrature(angle, orientations).to(device) for angle in angles)
        self.oriented_filters = tuple(oriented.to(device) for _, oriented in levels)  # (2, K, h, w // 2 + 1), complex

    def decompose(self, images: Tensor) -> Decomposition:
        """The coefficients of float images (C, H, W)."""
        spectrum = spectrum_of(images)
        high = image_of(spectrum * self.high_filter, self.sizes[0])
        bands = []
        inner = spectrum * self.low_filter
        for scale in range(self.scales):
            bands.append(image_of(inner[:, None] * self.oriented_filters[scale][:, None], self.sizes[scale]))
            inner = resized(inner * self.low_filters[scale], self.sizes[scale + 1])
        return Decomposition(high, tuple(bands), image_of(inner, self.sizes[-1]))

    def rebuild(self, high: Tensor, bands: Sequence[Tensor], low: Tensor) -> Tensor:
        """The images (C, H, W) of residuals and of the real parts of the bands, (C, K, h, w) from fine to coarse."""
        inner = spectrum_of(low)
        for scale in reversed(range(self.scales)):
            inner = self.merge(scale, bands[scale], inner)
        return self.finish(high, inner)

    def merge(self, scale: int, real: Tensor, inner: Tensor) -> Tensor:
        """The spectrum of the low-pass images at `scale`: real parts (C, K, h, w) and the spectrum one scale below."""
        merged = (spectrum_of(real) * self.oriented_filters[scale][0].conj()).sum(dim=1)
        return merged + resized(inner, self.sizes[scale]) * self.low_filters[scale]

    def finish(self, high: Tensor, inner: Tensor) -> Tensor:
        """The images (C, H, W) of the high-pass residual and of the spectrum of the low-pass images at scale 0."""
        return image_of(spectrum_of(high) * self.high_filter + inner * self.low_filter, self.sizes[0])

    def finer(self, scale: int, real: Tensor) -> Tensor:
        """Analytic bands with the real parts (C, K, h, w) at `scale`, interpolated at the next finer scale.

        The result is (2, C, K, 2h, 2w), real and imaginary parts.
        """
        spectrum = spectrum_of(real)
        both = torch.stack((spectrum, spectrum * self._quadratures[scale]))
        return image_of(resized(both, self.sizes[scale - 1]), self.sizes[scale - 1])


def spectrum_of(images: Tensor) -> Tensor:
    """The half spectrum (..., H, W // 2 + 1) of real images (..., H, W)."""
    return torch.fft.rfft2(images, norm="forward")


def image_of(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    """The real images (..., H, W) of a half spectrum."""
    return torch.fft.irfft2(spectrum, s=size, norm="forward")


def resized(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    """The half spectrum of band-limited images sampled at `size`: cropped, or padded by zeros."""
    height, width = size
    old = spectrum.shape[-2]
    if height <= old:
        rows = (spectrum[..., : (height + 1) // 2, :], spectrum[..., old - height // 2 :, :])
        return torch.cat(rows, dim=-2)[..., : width // 2 + 1]
    padded = spectrum.new_zeros((*spectrum.shape[:-2], height, width // 2 + 1))
    padded[..., : (old + 1) // 2, : spectrum.shape[-1]] = spectrum[..., : (old + 1) // 2, :]
    padded[..., height - old // 2 :, : spectrum.shape[-1]] = spectrum[..., (old + 1) // 2 :, :]
    return padded


def _polar(height: int, width: int) -> tuple[Tensor, Tensor]:
    """The radius, in radians per pixel, and the angle of every frequency of a half spectrum."""
    y = torch.fft.fftfreq(height, dtype=torch.float64)[:, None] * (2 * math.pi)
    x = torch.fft.rfftfreq(width, dtype=torch.float64)[None, :] * (2 * math.pi)
    return torch.hypot(y, x), torch.atan2(y, x + 0 * y)


def _radial(radius: Tensor) -> tuple[Tensor, Tensor]:
    """The high-pass and the low-pass function, whose squares add up to 1; they cross between pi / 4 and pi / 2."""
    octaves = torch.log2(radius.clamp(min=1e-9) * (2 / math.pi)).clamp(-1, 0)
    high, low = torch.cos(octaves * (math.pi / 2)), torch.sin(octaves * (-math.pi / 2))
    # Exactly nothing beyond the band: the cosine of a rounded pi / 2 is not 0.
    return (high * (octaves > -1)).float(), (low * (octaves < 0)).float()


def _level(height: int, width: int, orientations: int) -> tuple[Tensor, Tensor]:
    """The low-pass filter and the (2, K) oriented filters, for real and imaginary parts, of a scale."""
    radius, angle = _polar(height, width)
    high, low = _radial(radius)
    order = orientations - 1
    norm = 2**order * math.factorial(order) / math.sqrt(orientations * math.factorial(2 * order))
    turned = torch.cos(angle - _directions(orientations))
    real = (-1j) ** order * norm * turned**order * high * (radius > 0)
    return low, torch.stack((real, real * _quadrature(angle, orientations))).to(torch.complex64)


def _quadrature(angle: Tensor, orientations: int) -> Tensor:
    """The factor (K, ...) that turns the spectrum of a band's real part into that of its imaginary part."""
    return (-1j * torch.sign(torch.cos(angle - _directions(orientations)))).to(torch.complex64)


def _directions(orientations: int) -> Tensor:
    """The angles (K, 1, 1) at which the bands are centred."""
    return torch.arange(orientations, dtype=torch.float64)[:, None, None] * (math.pi / orientations)
