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
    shape, kind = _header(data, what)
    if kind.kind != "f" or len(shape) not in (1, 2):
        raise RequestError(f"{what} holds {kind} {shape}; give floating-point numbers of shape (D,) or (L, D).")
    if not all(type(side) is int and 1 <= side <= MAX_DIMENSION for side in shape):
        raise RequestError(f"{what} is of shape {shape}; each dimension is from 1 to {MAX_DIMENSION}.")
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        raise RequestError(f"{what} is cut short; save it again.") from error
    if not (np.abs(found) <= np.finfo(np.float32).max).all():
        raise RequestError(f"{what} holds numbers that are not finite; give another latent.")
    found = found.astype(np.float32)
    return found[0] if found.ndim == 2 and len(found) == 1 else found


def _header(data: bytes, what: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type, read before anything is allocated for them."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, kind = read(file)
    except Exception as error:  # a damaged header can lead NumPy's reader into any error
        raise RequestError(f"{what} is no .npy file of numbers; save the latent with numpy.save.") from error
    return shape, kind
