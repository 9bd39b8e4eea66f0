"""Latents as .npy files: what NumPy writes is read, and nothing else, whatever its bytes claim."""

from __future__ import annotations

import io
import os
import pickle
from typing import Any

import numpy as np
import pytest

from sims.latent_files import MAX_BYTES, latent_npy, read_latent
from sims.request_error import RequestError

MAGIC = b"\x93NUMPY\x01\x00"


def saved(array: Any, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def headed(text: str, body: bytes = b"") -> bytes:
    """A file of version 1.0 with this header."""
    header = text.encode("latin-1")
    return MAGIC + len(header).to_bytes(2, "little") + header + body


def refusal(data: bytes) -> str:
    with pytest.raises(RequestError) as caught:
        read_latent(data, "The latent")
    told = str(caught.value)
    assert told.startswith("The latent ")
    assert told.endswith(".")
    assert "\n" not in told
    assert len(told) < 300
    return told


@pytest.mark.parametrize("shape", [(1,), (512,), (22, 512), (2, 1), (1024, 1024)])
def test_latents_come_back_exactly(shape: tuple[int, ...]) -> None:
    latent = np.random.default_rng(0).standard_normal(shape, np.float32)
    found = read_latent(latent_npy(latent)[:MAX_BYTES] if latent.size < 2**20 else saved(latent[:1000]), "The latent")
    assert found.dtype == np.float32
    assert np.array_equal(found, latent[: len(found)])


@pytest.mark.parametrize("kind", [np.float16, np.float64, ">f4", "<f8", np.longdouble])
def test_other_floating_point_numbers_are_converted(kind: Any) -> None:
    latent = np.random.default_rng(0).standard_normal((3, 5)).astype(kind)
    found = read_latent(saved(latent), "The latent")
    assert found.dtype == np.float32
    assert found.dtype.isnative
    assert np.array_equal(found, latent.astype(np.float32))


def test_columns_first_and_a_single_row_are_read_as_what_they_are() -> None:
    latent = np.asfortranarray(np.arange(15, dtype=np.float32).reshape(3, 5))
    assert np.array_equal(read_latent(saved(latent), "The latent"), latent)
    assert read_latent(saved(latent[:1]), "The latent").shape == (5,)


def test_the_second_version_of_the_format_is_read() -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.arange(4, dtype=np.float32), version=(2, 0))
    assert read_latent(file.getvalue(), "The latent").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros(4, np.int32), "holds int32 (4,); give floating-point numbers of shape (D,) or (L, D)."),
        (np.zeros(4, bool), "holds bool (4,)"),
        (np.zeros(4, np.complex64), "holds complex64 (4,)"),
        (np.zeros(4, "U3"), "holds <U3 (4,)"),
        (np.zeros((2, 3, 4), np.float32), "holds float32 (2, 3, 4)"),
        (np.float32(1), "holds float32 ()"),
        (np.zeros(0, np.float32), "is of shape (0,); each dimension is from 1 to 1024."),
        (np.zeros((4, 0), np.float32), "is of shape (4, 0)"),
        (np.zeros(1025, np.float32), "is of shape (1025,); each dimension is from 1 to 1024."),
        (np.zeros((1025, 2), np.float32), "is of shape (1025, 2)"),
        (np.full(4, np.nan, np.float32), "holds numbers that are not finite; give another latent."),
        (np.full(4, -np.inf), "holds numbers that are not finite"),
        (np.full(4, 1e39), "holds numbers that are not finite"),
        (np.zeros(3, [("a", "f4"), ("b", "f4")]), "holds [('a', '<f4'), ('b', '<f4')] (3,)"),
    ],
)
def test_other_arrays_are_refused(array: np.ndarray, told: str) -> None:
    assert told in refusal(saved(array))


def test_pickles_are_never_opened() -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, ("trap",)

    objects = np.empty(2, object)
    objects[0] = Trap()
    for data in (saved(objects, pickled=True), headed("{'descr': 'O', 'fortran_order': False, 'shape': (2,), }\n")):
        assert "holds object (2,); give floating-point numbers" in refusal(data)
    assert "no .npy file" in refusal(pickle.dumps([Trap()]))
    assert not os.path.exists("trap")


def test_archives_of_arrays_are_refused() -> None:
    file = io.BytesIO()
    np.savez(file, latent=np.zeros(4, np.float32))
    whole = file.getvalue()
    for data in (whole, whole[:30], b"PK\x03\x04" + bytes(60), b"PK\x05\x06"):
        assert refusal(data) == "The latent is no .npy file of numbers; save the latent with numpy.save."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 5000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)",
        "{'descr': '<f4', 'fortran_order': False}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'more': 1}\n",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (4,)}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [4]}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4.0,)}\n",
        "{'descr': '<q9', 'fortran_order': False, 'shape': (4,)}\n",
        "{'descr': 3, 'fortran_order': False, 'shape': (4,)}\n",
        "__import__('os').mkdir('trap')",
        "9" * 60000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}" + " " * 60000 + "\n",
    ],
    ids=range(14),
)
def test_broken_headers_are_refused(text: str) -> None:
    assert "is no .npy file of numbers" in refusal(headed(text, bytes(16)))


@pytest.mark.parametrize(
    "shape", ["(10**9,)", "(1000000000000,)", "(-4,)", "(4, -1)", "(True,)", "(99999999999999999999,)"]
)
def test_headers_that_claim_too_much_allocate_nothing(shape: str) -> None:
    told = refusal(headed(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n", bytes(16)))
    assert "is no .npy file" in told or "each dimension is from 1 to 1024" in told or "is cut short" in told


def test_every_cut_is_noticed() -> None:
    whole = saved(np.arange(6, dtype=np.float32))
    for length in range(len(whole)):
        refusal(whole[:length])
    assert refusal(whole[:-1]) == "The latent is cut short; save it again."


def test_flipped_bytes_never_raise_anything_else() -> None:
    whole = saved(np.ones((2, 3), np.float32))
    for place in range(len(whole)):
        for flip in (0x01, 0x10, 0x80):
            try:
                found = read_latent(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :], "The latent")
                assert found.dtype == np.float32
                assert np.isfinite(found).all()
            except RequestError:
                pass


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"text", b"\x89PNG\r\n\x1a\n", MAGIC, b"\x93NUMPY\x03\x00"])
def test_other_files_are_refused(data: bytes) -> None:
    assert "is no .npy file of numbers" in refusal(data)


def test_large_files_are_refused_unread() -> None:
    told = refusal(bytes(MAX_BYTES + 1))
    assert told == f"The latent has {MAX_BYTES + 1} bytes; a latent has at most {MAX_BYTES}."
