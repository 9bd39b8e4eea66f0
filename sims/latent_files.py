"""Latents as files: NumPy's .npy, read as untrusted data, never unpickled."""

from __future__ import annotations

import io

import numpy as np

from sims.request_error import RequestError

MAX_BYTES = 4 * 1024 * 1024
MAX_DIMENSION = 1024


def latent_npy(latent: np.ndarray) -> bytes:
    """The .npy file of a latent, float32 (D,) or (L, D)."""
    file = io.BytesIO()
    np.save(file, latent.astype(np.float32), allow_pickle=False)
    return file.getvalue()


def read_latent(data: bytes, what: str) -> np.ndarray:
    """The latent, float32 (D,) or (L, D), in the bytes of a .npy file.

    A single row (1, D) counts as (D,). Raises `RequestError` for anything else than finite floating-point numbers of
    one of these shapes.
    """
    if len(data) > MAX_BYTES:
        raise RequestError(f"{what} has {len(data)} bytes; a latent has at most {MAX_BYTES}.")
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise RequestError(f"{what} is no .npy file of numbers; save the latent with numpy.save.") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or found.ndim not in (1, 2):
        given = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else "several arrays"
        raise RequestError(f"{what} holds {given}; give floating-point numbers of shape (D,) or (L, D).")
    if not found.size or max(found.shape) > MAX_DIMENSION:
        raise RequestError(f"{what} is of shape {found.shape}; each dimension is from 1 to {MAX_DIMENSION}.")
    found = found.astype(np.float32)
    return found[0] if found.ndim == 2 and len(found) == 1 else found
