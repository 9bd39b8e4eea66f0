"""Requests for grids: good ones pass, and every other one is refused with one exact sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sims.generator import ImageRequest
from sims.grid_request import MAX_GRID_PIXELS, GridRequest, Style
from sims.requests import Card, Choice, RequestError, check_request

PROJECTION = Choice("projection", ("native", "mirrored", "extended", "bent"), "")
CARD = Card("c", "C", "cips", "grid", (32, 64), options=(PROJECTION,), latents=(5, 4), levels=3, geometry="plane")
AROUND = replace(CARD, options=(), geometry="cylinder")
Z, PLUS = np.zeros(4, np.float32), np.zeros((5, 4), np.float32)
MASK = np.zeros((8, 2048), np.uint8)
OTHER = Style(seed=2)
BENT, MIRRORED = {"projection": "bent"}, {"projection": "mirrored"}


def refusal(card: Card = CARD, **fields: Any) -> str:
    with pytest.raises(RequestError) as caught:
        check_request(card, GridRequest(**fields))
    told = str(caught.value)
    assert told.endswith(".")
    assert "\n" not in told
    return told


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"size": (8, 8)},
        {"size": (1024, 8192)},
        {"size": (2048, 4096)},
        {"style": Style(seed=2**32 - 1)},
        {"style": Style(latent=Z)},
        {"style": Style(latent=Z, space="w")},
        {"style": Style(latent=PLUS, space="w")},
        {"style": Style(latent=Z - 1e4)},
        {"truncation": 0},
        {"truncation": 1},
        {"second": OTHER, "mask": MASK},
        {"second": Style(), "mixed": (1, 3)},
        {"second": OTHER, "mixed": (2, 2)},
        {"window": (0.0, 0.0, 1 / 256, 1 / 256)},
        {"window": (0.1, 0.3, 0.9, 0.7)},
        {"window": (0, 0, 1, 1)},
        {"options": BENT, "field_of_view": 170.0},
        {"options": MIRRORED, "turn": -360.0},
    ],
)
def test_good_requests_pass(fields: dict[str, Any]) -> None:
    check_request(CARD, GridRequest(**fields))


@pytest.mark.parametrize("fields", [{"turn": 360}, {"field_of_view": 10}, {"field_of_view": 360.0, "turn": -0.5}])
def test_a_cylinder_is_turned_and_seen_in_part(fields: dict[str, Any]) -> None:
    check_request(AROUND, GridRequest(**fields))


def test_what_a_generator_works_from_is_told() -> None:
    picture = ImageRequest(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(RequestError, match=r"^c works from latents, and was given a picture\.$"):
        check_request(CARD, picture)
    with pytest.raises(RequestError, match=r"^s works from a picture, and was given latents\.$"):
        check_request(replace(CARD, name="s", task="image"), GridRequest())


@pytest.mark.parametrize("size", [(7, 8), (8, 8193), (8.0, 8), (True, 8), (8, "8"), (-8, 8), (8, None)])
def test_bad_sides_are_refused(size: Any) -> None:
    assert refusal(size=size) == (
        f"The size is {size[0]!r}x{size[1]!r} (height x width); each side is a whole number from 8 to 8192."
    )


@pytest.mark.parametrize("size", [(8,), (8, 8, 3), (), 8, [8, 8], "8x8"])
def test_a_size_has_two_sides(size: Any) -> None:
    assert refusal(size=size) == f"The size is {size!r}; give two whole numbers, (height, width)."


def test_a_size_beyond_the_cap_is_refused() -> None:
    assert refusal(size=(2048, 4097)) == (
        f"The size is 2048x4097 (height x width); a picture has at most {MAX_GRID_PIXELS} pixels, such as 2048x4096."
    )


ACCEPTED_Z, ACCEPTED_W = "c takes float32 of shape (4,) in z.", "c takes float32 of shape (4,) or (5, 4) in w."
ENDS = f"holds numbers that are not finite or beyond {1e4:g}; give another latent."


@pytest.mark.parametrize(
    ("style", "told"),
    [
        (Style(seed=1, latent=Z), "The style has a seed and a latent; give one of the two."),
        (Style(seed=-1), "The seed is -1; give a whole number from 0 to 4294967295."),
        (Style(seed=2**32), "The seed is 4294967296; give a whole number from 0 to 4294967295."),
        (Style(seed=1.5), "The seed is 1.5; give a whole number from 0 to 4294967295."),  # type: ignore[arg-type]
        (Style(seed=True), "The seed is True; give a whole number from 0 to 4294967295."),
        (Style(latent=Z, space="w+"), "The style is of the space 'w+'; it can be z or w."),
        (Style(latent=Z, space=None), "The style is of the space None; it can be z or w."),  # type: ignore[arg-type]
        (
            Style(seed=1, space="w"),
            "The style is of the space w and has no latent; seeds draw in z, so give a latent, or z.",
        ),
        (Style(latent=PLUS), f"The style is float32 (5, 4); {ACCEPTED_Z}"),
        (Style(latent=Z[:3]), f"The style is float32 (3,); {ACCEPTED_Z}"),
        (Style(latent=Z[:3], space="w"), f"The style is float32 (3,); {ACCEPTED_W}"),
        (Style(latent=PLUS[:4], space="w"), f"The style is float32 (4, 4); {ACCEPTED_W}"),
        (Style(latent=Z.astype(float)), f"The style is float64 (4,); {ACCEPTED_Z}"),
        (Style(latent=[0.0] * 4), f"The style is [0.0, 0.0, 0.0, 0.0]; {ACCEPTED_Z}"),  # type: ignore[arg-type]
        (Style(latent=Z + np.float32(np.nan)), f"The style {ENDS}"),
        (Style(latent=Z - np.float32(np.inf)), f"The style {ENDS}"),
        (Style(latent=Z + np.float32(10001)), f"The style {ENDS}"),
    ],
)
def test_bad_styles_are_refused(style: Style, told: str) -> None:
    assert refusal(style=style) == told
    second = told.replace("The style", "The second style")
    assert refusal(second=style, mask=MASK) == second
    assert refusal(second=style, mixed=(1, 1)) == second


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf, True, "1", None])
def test_bad_truncations_are_refused(value: Any) -> None:
    assert refusal(truncation=value) == f"The truncation is {value!r}; give a number from 0 to 1."


@pytest.mark.parametrize("value", [-361, 360.5, math.nan, True, "90", None, 10**400])
def test_bad_turns_are_refused(value: Any) -> None:
    assert refusal(AROUND, turn=value).startswith("The turn is ")
    assert refusal(AROUND, turn=value).endswith("; give a number from -360 to 360.")
    assert refusal(turn=value).endswith("; give a number from -360 to 360.")


@pytest.mark.parametrize("options", [{}, BENT, {"projection": "extended"}])
def test_a_plane_that_is_not_mirrored_cannot_be_turned(options: dict[str, str]) -> None:
    told = refusal(turn=0.5, options=options)
    assert told == "A turn goes with a cylinder or with the projection mirrored; leave it out."


@pytest.mark.parametrize("options", [{}, MIRRORED, {"projection": "extended"}])
def test_a_plane_that_is_not_bent_has_no_field_of_view(options: dict[str, str]) -> None:
    told = refusal(field_of_view=90, options=options)
    assert told == "A field of view goes with a cylinder or with the projection bent; leave it out."


@pytest.mark.parametrize(("card", "options", "most"), [(CARD, BENT, 170), (AROUND, {}, 360)], ids=["plane", "cylinder"])
def test_bad_fields_of_view_are_refused(card: Card, options: dict[str, str], most: int) -> None:
    for value in (9.9, most + 0.5, math.nan, True, "90"):
        told = refusal(card, field_of_view=value, options=options)
        assert told == f"The field of view is {value!r}; give a number from 10 to {most}."


@pytest.mark.parametrize(
    "window",
    [
        (0.0, 0.0, 1.0),
        [0.0, 0.0, 1.0, 1.0],
        None,
        "whole",
        (-0.1, 0.0, 1.0, 1.0),
        (0.0, 0.0, 1.1, 1.0),
        (0.5, 0.0, 0.6, 1.0),
        (0.0, 0.5, 1.0, 0.6),
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, 1.0, 1 / 257),
        (math.nan, 0.0, 1.0, 1.0),
        (0.0, 0.0, math.inf, 1.0),
        (0.0, 0.0, "1", 1.0),
        (0, 0, 10**400, 1),
    ],
)
def test_bad_windows_are_refused(window: Any) -> None:
    told = refusal(window=window)
    assert told.startswith(f"The window is {repr(window)[:40]}")
    assert told.endswith(
        "; give left, top, width and height as shares of the whole that lie inside it, width and height at least"
        " 0.00390625."
    )


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((7, 8), np.uint8),
        np.zeros((8, 2049), np.uint8),
        np.zeros((8, 8), np.float32),
        np.zeros((8, 8), bool),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros(64, np.uint8),
    ],
    ids=lambda mask: f"{mask.dtype}{mask.shape}",
)
def test_bad_masks_are_refused(mask: np.ndarray) -> None:
    assert refusal(second=OTHER, mask=mask) == (
        f"The mask is {mask.dtype} {mask.shape}; give uint8 of shape (height, width), each side from 8 to 2048."
    )


@pytest.mark.parametrize("levels", [(0, 1), (1, 4), (3, 2), (1,), (1, 2, 3), [1, 2], (1.0, 2), (True, 2), "12", 1])
def test_bad_levels_are_refused(levels: Any) -> None:
    told = refusal(second=OTHER, mixed=levels)
    assert told == f"The mixed levels are {levels!r}; give the first and the last, from 1 (coarse) to 3 (fine)."


def test_a_mask_is_an_array() -> None:
    told = refusal(second=OTHER, mask=[[0] * 8] * 8)
    assert told.startswith("The mask is [[0, 0, 0")
    assert told.endswith("; give uint8 of shape (height, width), each side from 8 to 2048.")


def test_a_second_style_comes_in_one_way() -> None:
    alone = "There is no second style to blend or mix in; give one, or leave mask and levels out."
    assert refusal(mask=MASK) == alone
    assert refusal(mixed=(1, 1)) == alone
    one = "A second style is blended in by a mask or mixed in by levels; give one of the two."
    assert refusal(second=OTHER) == one
    assert refusal(second=OTHER, mask=MASK, mixed=(1, 1)) == one


def test_options_are_those_of_the_card() -> None:
    assert refusal(options={"noise": "off"}) == "c has no option 'noise'; its options are: projection."
    assert refusal(options={"projection": "round"}) == (
        "Option projection of c is 'round'; it accepts native or mirrored or extended or bent."
    )
