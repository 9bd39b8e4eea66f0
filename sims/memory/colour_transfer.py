"""Colour transfer by the linear Monge-Kantorovich map.

Pitie and Kokaram, "The Linear Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour Transfer" (2007): of
the linear maps that give the pixels the mean and covariance of others, the one that moves colours least.
"""

from __future__ import annotations

import numpy as np

_EPSILON = np.finfo(np.float64).eps


def transfer_colours(picture: np.ndarray, like: np.ndarray, flat: float = _EPSILON) -> np.ndarray:
    """The colours of `picture` (..., 3) with the mean and covariance of those of `like` (..., 3), not clipped.

    Both are float, in one range, of at least two pixels each. With the covariances A and B of the two, a colour x
    becomes (x - mean A) T + mean B, where T = A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2. `flat` is added to the eigenvalues, so
    that a picture that varies less is not blown up.
    """
    source, target = _planar(picture), _planar(like)
    source_mean, target_mean = source.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.cov(source))
    roots = np.sqrt(np.maximum(values, 0) + flat)
    root = (vectors * roots) @ vectors.T
    inverse = (vectors / roots) @ vectors.T
    inner_values, inner_vectors = np.linalg.eigh(root @ np.cov(target) @ root)
    inner = (inner_vectors * np.sqrt(np.maximum(inner_values, 0) + _EPSILON)) @ inner_vectors.T
    moved = (inverse @ inner @ inverse) @ (source - source_mean) + target_mean
    return moved.T.reshape(picture.shape)


def _planar(picture: np.ndarray) -> np.ndarray:
    """(3, N), because sums along a long axis are fast."""
    return np.ascontiguousarray(picture.reshape(-1, 3).T)
