"""The fields of a checkpoint's `config.json`: their types and bounds, checked strictly and named in every error."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zoo.convert.errors import ConvertError
from zoo.files import FORMAT

Config = dict[str, Any]
Shapes = dict[str, tuple[int, ...]]
INPUTS = ("image", "layout_colours", "layout_onehot")
MAX_SIDE = 2048
_REQUIRED = object()


@dataclass(frozen=True)
class Field:
    """One field: a test of its value, the words for what the test accepts, and the value taken when it is left out."""

    accepts: str
    is_valid: Callable[[Any], bool]
    default: Any = _REQUIRED

    @property
    def required(self) -> bool:
        """Whether the field has no default, so that every configuration must give it."""
        return self.default is _REQUIRED


def integer(low: int, high: int, default: Any = _REQUIRED) -> Field:
    """A whole number from `low` to `high`, both included; true and false are none."""
    return Field(
        f"a whole number from {low} to {high}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        default,
    )


def number(low: float, high: float, default: Any = _REQUIRED) -> Field:
    """A finite number from `low` to `high`, both included; true and false are none."""
    return Field(
        f"a number from {low} to {high}",
        lambda value: (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and low <= value <= high
        ),
        default,
    )


def boolean(default: Any = _REQUIRED) -> Field:
    """True or false."""
    return Field("true or false", lambda value: isinstance(value, bool), default)


def one_of(*values: str, default: Any = _REQUIRED) -> Field:
    """One of the given words."""
    return Field(" or ".join(values), lambda value: isinstance(value, str) and value in values, default)


def pattern(expression: str, accepts: str) -> Field:
    """Text that the regular `expression` matches as a whole; `accepts` says so in words."""
    return Field(accepts, lambda value: isinstance(value, str) and re.fullmatch(expression, value) is not None)


def optional(field: Field) -> Field:
    """The same field, or null, which is also what it is when left out."""
    return Field(f"{field.accepts}, or null", lambda value: value is None or field.is_valid(value), None)


def label_space() -> Field:
    """The name of a label space; the file is loaded by a program that knows which there are."""
    return Field(
        "the name of a label space, or null",
        lambda value: value is None or (isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,40}", value) is not None),
        None,
    )


def size() -> Field:
    """[height, width] of the pictures a network was trained on, in pixels."""
    return Field(
        f"[height, width], each a whole number from 8 to {MAX_SIDE}",
        lambda value: is_list_of_integers(value, 8, MAX_SIDE) and len(value) == 2,
    )


def is_list_of_integers(value: Any, low: int, high: int) -> bool:
    """Whether `value` is a list of whole numbers from `low` to `high`, both included."""
    return isinstance(value, list | tuple) and all(
        isinstance(entry, int) and not isinstance(entry, bool) and low <= entry <= high for entry in value
    )


def check_fields(config: Mapping[str, Any], family: str, fields: Mapping[str, Field]) -> Config:
    """The configuration with every field of its family, defaults filled in, in the family's order.

    Raises `ConvertError` for a field that is unknown, missing, of another type or out of bounds.
    """
    if config.get("format", FORMAT) != FORMAT:
        raise ConvertError(f"config field 'format' is {config['format']!r}; this version knows format {FORMAT}.")
    for name in config:
        if name not in fields and name not in ("format", "family"):
            close = difflib.get_close_matches(str(name), fields, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(fields)}."
            raise ConvertError(f"config field '{name}' is not one of family {family}; {hint}")
    missing = [name for name, field in fields.items() if field.required and name not in config]
    if missing:
        names = ", ".join(f"'{name}' ({fields[name].accepts})" for name in missing)
        raise ConvertError(f"the config of family {family} lacks {names}.")
    complete = {name: config.get(name, field.default) for name, field in fields.items()}
    for name, value in complete.items():
        if name in config and not fields[name].is_valid(value):
            raise ConvertError(f"config field '{name}' is {value!r}; accepted is {fields[name].accepts}.")
    return {"format": FORMAT, "family": family, **complete}


def check_input(config: Config, channels: str) -> None:
    """What goes into a picture-to-picture network must agree with its `channels` field and its label space."""
    kind, space, given = config["input"], config["label_space"], config[channels]
    if kind == "image" and space is not None:
        raise ConvertError(f"config field 'label_space' is {space!r}; with input image it must be null.")
    if kind != "image" and space is None:
        raise ConvertError(f"config field 'label_space' is null; input {kind} needs the name of a label space.")
    accepted = {"image": (1, 3), "layout_colours": (3,)}.get(kind)
    if accepted and given not in accepted:
        wanted = " or ".join(map(str, accepted))
        raise ConvertError(f"config field '{channels}' is {given}; input {kind} has {wanted} channels.")
