"""What the command lines `python -m zoo` and `python -m sims` share: errors as one sentence, and progress."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from zoo.errors import ZooError
from zoo.files import one_line

RENEW = "\r\033[K"  # back to the start of the terminal's line, and clear it


class UsageError(ZooError):
    """A command line that cannot be carried out; its text is one sentence."""


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError` where the original prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].upper()}{message[1:]}; {self.prog} --help shows what is accepted.")


def whole_number(low: int, high: int, called: str = "whole number") -> Callable[[str], int]:
    """The argument type of numbers in plain digits from `low` to `high`, both included; errors call them `called`."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,10}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no {called} from {low} to {high}")
        return int(text)

    return parse


def carry_out(
    parser: Parser, arguments: Sequence[str] | None, bad_input: tuple[type[Exception], ...] = (ZooError,)
) -> int:
    """Parse `arguments` and call their `run`, and return the exit status.

    It is 0, or 2 with one sentence on standard error, or as a shell reports the signals: 130 when interrupted and 141
    when nobody reads on (`list | head -1`).
    """
    try:
        args = parser.parse_args(arguments)
        args.run(args)
        sys.stdout.flush()
    except bad_input as error:
        _tell(str(error))
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter's own flush complains
        return 141
    except OSError as error:
        reason = error.strerror or one_line(error)
        _tell(f"{reason}." if error.filename is None else f"{error.filename}: {reason}.")
        return 2
    except KeyboardInterrupt:
        _tell("Interrupted.")
        return 130
    return 0


def progress() -> Callable[[float, str], None]:
    """A progress callback: one line that renews itself on a terminal, and nothing elsewhere."""
    return _show if sys.stderr.isatty() else _silent


def _tell(sentence: str) -> None:
    print(f"{RENEW if sys.stderr.isatty() else ''}{sentence}", file=sys.stderr)


def _show(fraction: float, what: str) -> None:
    end = "\n" if fraction >= 1 else ""
    print(f"{RENEW}{fraction:4.0%} {what[:70]}", end=end, file=sys.stderr, flush=True)


def _silent(fraction: float, what: str) -> None:
    """Nobody watches."""
