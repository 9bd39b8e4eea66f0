"""Colour transfer by the linear Monge-Kantorovich map.

Pitie and Kokaram, "The Linear Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour Transfer" (2007): of
the linear maps that give the pixels the mean and covariance of others, the one that moves colours least.
"""

from __future__ import annotations

import numpy as np

_EPSILON = np.finfo(np.float64).eps


def transfer_colours(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The colours of `picture` (..., 3) with the mean and covariance of those of `like` (..., 3), not clipped.

    Both are float, in one range, of at least two pixels each. With the covariances A and B of the two, a colour x
    becomes (x - mean A) T + mean B, where T = A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2.
    """
    source, target = picture.reshape(-1, 3), like.reshape(-1, 3)
    a, b = np.cov(source, rowvar=False), np.cov(target, rowvar=False)
    values, vectors = np.linalg.eigh(a)
    roots = np.sqrt(np.maximum(values, 0) + _EPSILON)
    root = (vectors * roots) @ vectors.T
    inverse = (vectors / roots) @ vectors.T
    inner_values, inner_vectors = np.linalg.eigh(root @ b @ root)
    inner = (inner_vectors * np.sqrt(np.maximum(inner_values, 0) + _EPSILON)) @ inner_vectors.T
    moved: np.ndarray = (source - source.mean(axis=0)) @ (inverse @ inner @ inverse) + target.mean(axis=0)
    return moved.reshape(picture.shape)
