"""CRC-32C (Castagnoli, RFC 3720), by numpy, as TensorFlow's checkpoints carry it of every block and tensor.

The checksum is linear: what a word adds to it depends only on the word and on how much follows. So a message is folded:
a row of thousands of words, moved on by the length of a row, is combined with the next row, until one row is left,
which is folded in shorter rows, and at last into one word.
"""

from __future__ import annotations

from functools import cache

import numpy as np

POLYNOMIAL = 0x82F63B78  # bits reversed, as the lowest bit comes first
ALL_ONES = 0xFFFFFFFF
MASK_DELTA = 0xA282EAD8
ROWS = (1 << 14, 1 << 9, 1 << 4, 1)  # words of a row, each of 4 bytes


def masked_crc32c(data: bytes | memoryview) -> int:
    """The checksum of `data` as LevelDB and TensorFlow store it: rotated, and with a constant added."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17 & ALL_ONES)) + MASK_DELTA) & ALL_ONES


def crc32c(data: bytes | memoryview) -> int:
    """The CRC-32C of `data`, 0 for none."""
    whole = len(data) // 4 * 4
    crc = ALL_ONES
    if whole:
        words = np.frombuffer(data[:whole], "<u4")
        for length in ROWS:
            if len(words) > length or length == 1:
                words = _folded(words, length, crc)
                crc = 0
        crc = int(_moved_on(words, 1)[0])
    for byte in data[whole:]:
        crc ^= byte
        for _ in range(8):
            crc = _next(crc)
    return crc ^ ALL_ONES


def _folded(words: np.ndarray, length: int, initial: int) -> np.ndarray:
    """A row of `length` words that adds the same to a checksum as `words` do, the first combined with `initial`."""
    head = len(words) % length or length
    row = np.zeros(length, np.uint32)  # zeros before a message add nothing
    row[-head:] = words[:head]
    row[-head] ^= np.uint32(initial)
    for start in range(head, len(words), length):
        row = _moved_on(row, length)
        row ^= words[start : start + length]
    return row


def _moved_on(words: np.ndarray, count: int) -> np.ndarray:
    """What each word becomes when `count` words of zeros follow it."""
    low, high = _tables(count)
    halves = words.view(np.uint16)
    moved = low.take(halves[0::2])  # the low half of a word stands first
    moved ^= high.take(halves[1::2])
    return moved


@cache
def _tables(count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each value of a word's low half, and for each of its high half, what `count` (a power of 2) zeros make it."""
    single = [1 << bit for bit in range(32)]
    for _ in range(32):
        single = [_next(word) for word in single]
    while count > 1:
        single = [_combined(single, word) for word in single]
        count //= 2
    return _spanned(single[:16]), _spanned(single[16:])


def _next(crc: int) -> int:
    """The checksum's register after one more bit, which is zero."""
    return crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)


def _combined(images: list[int], word: int) -> int:
    """What the linear map that takes bit i to `images[i]` makes of `word`."""
    result = 0
    for bit, image in enumerate(images):
        if word >> bit & 1:
            result ^= image
    return result


def _spanned(images: list[int]) -> np.ndarray:
    """The same map of every number of `len(images)` bits."""
    table = np.zeros(1, np.uint32)
    for image in images:
        table = np.concatenate([table, table ^ np.uint32(image)])
    return table
