"""Deterministic lattice noise on numpy arrays."""

from __future__ import annotations

import numpy as np

ALONG_X, ALONG_Y, SEED, STIR = (np.uint32(v) for v in (374761393, 668265263, 1442695041, 1274126177))
DIRECTIONS = np.arange(65536) * (2 * np.pi / 65536)
COSINES, SINES = np.cos(DIRECTIONS), np.sin(DIRECTIONS)


def fbm(x: np.ndarray, y: np.ndarray, octaves: int, seed: int) -> np.ndarray:
    """Sum of octaves of gradient noise, about -1..1."""
    total, amplitude, norm = np.zeros_like(x), 1.0, 0.0
    for i in range(octaves):
        total = total + amplitude * gradient(x, y, seed + i * 17)
        norm += amplitude
        amplitude *= 0.5
        x, y = 2 * (0.8 * x - 0.6 * y), 2 * (0.6 * x + 0.8 * y)
    return total / norm


def ridged(x: np.ndarray, y: np.ndarray, octaves: int, seed: int) -> np.ndarray:
    """Sharp crests with smooth valleys, about 0..1."""
    total, amplitude, weight = np.zeros_like(x), 0.5, np.ones_like(x)
    for i in range(octaves):
        n = 1 - np.abs(gradient(x, y, seed + i * 31))
        n = n * n * weight
        weight = np.clip(n * 1.6, 0, 1)
        total = total + amplitude * n
        amplitude *= 0.5
        x, y = 2.03 * (0.8 * x - 0.6 * y), 2.03 * (0.6 * x + 0.8 * y)
    return total


def eroded(x: np.ndarray, y: np.ndarray, octaves: int, seed: int) -> np.ndarray:
    """Value noise whose octaves fade on slopes: erosion-like valleys."""
    total, scale, dx, dy = np.zeros_like(x), 1.0, np.zeros_like(x), np.zeros_like(x)
    for i in range(octaves):
        n, nx, ny = value_slopes(x, y, seed + i * 13)
        dx, dy = dx + nx, dy + ny
        total = total + scale * n / (1 + dx * dx + dy * dy)
        scale *= 0.5
        x, y = 2 * (0.8 * x - 0.6 * y), 2 * (0.6 * x + 0.8 * y)
    return total


def gradient(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Gradient noise, about -1..1."""
    ix, iy = np.floor(x), np.floor(y)
    fx, fy = x - ix, y - iy
    ux, uy = fade(fx), fade(fy)

    key = keys(ix, iy, seed)

    def corner(dx: int, dy: int) -> np.ndarray:
        way = stirred(key + np.uint32(dx) * ALONG_X + np.uint32(dy) * ALONG_Y) >> np.uint32(16)
        return COSINES[way] * (fx - dx) + SINES[way] * (fy - dy)

    a, b, c, d = corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)
    return (a + (b - a) * ux + (c - a) * uy + (a - b - c + d) * ux * uy) * 1.5


def value_slopes(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value noise 0..1 and its two derivatives."""
    ix, iy = np.floor(x), np.floor(y)
    fx, fy = x - ix, y - iy
    ux, uy = fade(fx), fade(fy)
    dx = 30 * fx * fx * (fx * (fx - 2) + 1)
    dy = 30 * fy * fy * (fy * (fy - 2) + 1)
    a, b = lattice(ix, iy, seed), lattice(ix + 1, iy, seed)
    c, d = lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed)
    k1, k2, k4 = b - a, c - a, a - b - c + d
    return a + k1 * ux + k2 * uy + k4 * ux * uy, dx * (k1 + k4 * uy), dy * (k2 + k4 * ux)


def lattice(ix: np.ndarray, iy: np.ndarray, seed: int) -> np.ndarray:
    """A pseudo-random number 0..1 per lattice point."""
    return stirred(keys(ix, iy, seed)) / 4294967296.0


def keys(ix: np.ndarray, iy: np.ndarray, seed: int) -> np.ndarray:
    """The lattice point as one number (uint32, modulo 2**32); neighbours differ by ALONG_X and ALONG_Y."""
    seeded = np.uint32(seed * int(SEED) & 0xFFFFFFFF)
    return ix.astype(np.int64).astype(np.uint32) * ALONG_X + iy.astype(np.int64).astype(np.uint32) * ALONG_Y + seeded


def stirred(key: np.ndarray) -> np.ndarray:
    """A pseudo-random uint32 of each key."""
    key = (key ^ (key >> np.uint32(13))) * STIR
    return key ^ (key >> np.uint32(16))


def fade(t: np.ndarray) -> np.ndarray:
    """Quintic interpolation weight."""
    return t * t * t * (t * (t * 6 - 15) + 10)


def step(a: float, b: float, x: np.ndarray) -> np.ndarray:
    """Smooth step from 0 at a to 1 at b (also for a > b)."""
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)
