"""What is wrong with a request, in one sentence, and the seed that every request has."""

from __future__ import annotations

MAX_SEED = 2**32 - 1
MAX_SHOWN = 80  # characters of a wrong value that its sentence shows


class RequestError(ValueError):
    """A request that cannot be carried out; its text is one sentence meant for the person who asked."""


def check_seed(seed: int) -> None:
    """Raise `RequestError` unless `seed` is an integer in 0..2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise RequestError(f"The seed is {short(seed)}; give a whole number from 0 to {MAX_SEED}.")


def short(value: object) -> str:
    """A value of a request as a sentence about it shows it."""
    return repr(value[:MAX_SHOWN] if isinstance(value, str) else value)[: MAX_SHOWN + 2]
