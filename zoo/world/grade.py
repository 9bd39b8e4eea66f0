"""From linear radiance to a picture: aerial perspective, local tone mapping, film curve."""

from __future__ import annotations

import numpy as np

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def grade(linear: np.ndarray, key: float, saturation: float, flatten: float, wrap: bool = False) -> np.ndarray:
    """Display picture (H, W, 3) uint8 of linear radiance (H, W, 3).

    `key` is the brightness the geometric mean is exposed to, `flatten` (0..1) how much of the large-scale contrast
    goes, `wrap` joins left and right.
    """
    linear = local_tone(linear, flatten, wrap)
    level = luma(linear)
    exposure = key / np.exp(np.mean(np.log(np.clip(level, 1e-4, None))))
    bright = np.percentile(level, 97) * exposure
    if bright > 2.6:
        exposure *= (2.6 / bright) ** 0.7
    y = levels(film(linear * exposure * 0.75))
    grey = luma(y)[..., None]
    y = np.clip(grey + (y - grey) * saturation, 0, 1)
    return (y * 255 + 0.5).astype(np.uint8)


def local_tone(linear: np.ndarray, amount: float, wrap: bool) -> np.ndarray:
    """Compress large-scale differences of log luminance, by `amount` 0..1 (self-guided filter as base layer)."""
    level = np.log2(np.clip(luma(linear), 1e-4, None))
    sigma = max(linear.shape) / 14
    mean = blur(level, sigma, wrap)
    variance = blur(level * level, sigma, wrap) - mean * mean
    a = variance / (variance + 0.6)
    base = blur(a, sigma, wrap) * level + blur(mean * (1 - a), sigma, wrap)
    return linear * 2 ** (-(base - base.mean()) * amount)[..., None]


def film(x: np.ndarray) -> np.ndarray:
    """A filmic curve whose highlights lose colour; display values 0..1."""
    x = np.maximum(x, 0)
    grey = luma(x)[..., None]
    x = x + (grey - x) * np.clip((grey - 1.2) / 9, 0, 0.55)
    y = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return y ** (1 / 2.2)


def levels(y: np.ndarray) -> np.ndarray:
    """Stretch a flat picture (haze and cloud leave few blacks and no whites) to at most 1.45 times its contrast."""
    low, high = np.percentile(luma(y), (1, 99))
    dark, bright = min(low, 0.045), max(high, 0.90)
    gain = min((bright - dark) / max(high - low, 1e-3), 1.45)
    return np.clip((y - (low + high) / 2) * gain + (dark + bright) / 2 * 0.5 + (low + high) / 4, 0, 1)


def white_balance(linear: np.ndarray, mask: np.ndarray, strength: float) -> np.ndarray:
    """Pull the mean colour of the masked pixels towards grey, all the way at strength 1."""
    mean = linear[mask].mean(0) if mask.any() else linear.mean((0, 1))
    return linear * (mean.mean() / np.maximum(mean, 1e-6)) ** strength


def fog(
    linear: np.ndarray,
    depth: np.ndarray,
    rise: np.ndarray,
    sky: np.ndarray,
    azimuth: np.ndarray,
    horizon: np.ndarray,
    visibility: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Extinction (blue first) and in-scatter.

    linear (H, W, 3); depth (H, W) metres; rise (H, W) the height gained in metres, where `sky` the sine of the
    elevation; horizon (N, 3); visibility in metres. Returns the picture (H, W, 3) and the transmittance of the sky
    (H, W).
    """
    colour = horizon_colour(horizon, azimuth)
    thin = np.clip(1.0 - np.maximum(rise, 0) / 1400, 0.35, 1)
    path = (np.where(sky, 0, depth) * thin)[..., None]
    through = np.exp(-path * np.array([0.75, 1.0, 1.35]) / visibility * 1.5)
    extra = max(0.0, 1 / visibility - 1 / 6000.0)
    sky_through = np.exp(-extra * 900.0 / (np.maximum(rise, 0)[..., None] + 0.03))
    grey = 0.45 * np.clip(extra * 600, 0, 1)
    colour = colour * (1 - grey) + luma(colour)[..., None] * grey
    mixed = np.where(
        sky[..., None],
        linear * sky_through + colour * 0.95 * (1 - sky_through),
        linear * through + colour * 0.85 * (1 - through),
    )
    return mixed, sky_through[..., 0]


def horizon_colour(horizon: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """Colour of the clear horizon (N, 3 around the compass) in the direction `azimuth` (radians)."""
    n = len(horizon)
    t = (azimuth / (2 * np.pi) + 0.5) * n - 0.5
    i = np.floor(t).astype(int)
    f = (t - i)[..., None]
    return horizon[i % n] * (1 - f) + horizon[(i + 1) % n] * f


def blur(x: np.ndarray, sigma: float, wrap: bool) -> np.ndarray:
    """Gaussian blur of (H, W); `wrap` joins left and right."""
    n = int(3 * sigma)
    k = np.exp(-0.5 * (np.arange(-n, n + 1) / sigma) ** 2)
    k /= k.sum()
    h, w = x.shape
    rows = np.pad(x, ((min(n, h - 1),) * 2, (0, 0)), mode="reflect")
    rows = np.pad(rows, ((n - min(n, h - 1),) * 2, (0, 0)), mode="edge")
    x = np.stack([np.convolve(rows[:, i], k, "valid") for i in range(w)], 1)
    side = np.pad(x, ((0, 0), (n, n)), mode="wrap" if wrap else "reflect")
    return np.stack([np.convolve(side[i], k, "valid") for i in range(h)])


def luma(x: np.ndarray) -> np.ndarray:
    """Luminance of (..., 3) linear colours."""
    return x @ LUMA
