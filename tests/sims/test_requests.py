"""Bad requests are refused with one sentence before anything runs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sims.requests import Card, ImageRequest, Request, RequestError, StyleRequest, TextureRequest, check_request

STYLIST = Card("stylist", "Stylist", "photo_wct", "style", None)
BOTH = Card("both", "Both", "vgg", "style", None, second_task="texture")
PICTURE = np.zeros((40, 50, 3), np.uint8)
LABELS = np.zeros((40, 50), np.int32)


def refusal(request: Request, card: Card = STYLIST) -> str:
    with pytest.raises(RequestError) as caught:
        check_request(card, request)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def test_good_requests_pass() -> None:
    check_request(STYLIST, StyleRequest(PICTURE, PICTURE[:20]))
    check_request(STYLIST, StyleRequest(PICTURE, PICTURE, LABELS, LABELS[:9, :8], {0: 3, 65535: None}, 0.5))
    check_request(BOTH, TextureRequest(PICTURE, (32, 2048)))
    check_request(BOTH, StyleRequest(PICTURE, PICTURE))


def test_what_a_generator_works_from_is_told() -> None:
    assert (
        refusal(ImageRequest(PICTURE)) == "stylist works from a picture and a style picture, and was given a picture."
    )
    told = refusal(ImageRequest(PICTURE), BOTH)
    assert told == "both works from a picture and a style picture or an example of a texture, and was given a picture."
    assert "was given an example of a texture" in refusal(TextureRequest(PICTURE, (64, 64)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"content": PICTURE.astype(np.float32)}, "The content picture is float32"),
        ({"style": PICTURE[..., 0]}, "The style picture is uint8 (40, 50)"),
        ({"content": np.zeros((2100, 2100, 3), np.uint8)}, "The content picture is 2100x2100"),
        ({"strength": 1.01}, "The strength is 1.01; give a number from 0 to 1."),
        ({"strength": math.nan}, "The strength is nan"),
        ({"strength": True}, "The strength is True"),
        ({"strength": "1"}, "The strength is '1'"),
        ({"content_labels": LABELS}, "The style picture has no label map"),
        ({"style_labels": LABELS}, "The content picture has no label map"),
        ({"content_labels": LABELS, "style_labels": LABELS - 1}, "of the style picture holds ids from -1 to -1"),
        ({"content_labels": LABELS + 65536, "style_labels": LABELS}, "of the content picture holds ids from 65536"),
        ({"content_labels": LABELS[:7], "style_labels": LABELS}, "of the content picture is 50x7; each side"),
        ({"content_labels": LABELS * 1.0, "style_labels": LABELS}, "of the content picture is float64 (40, 50)"),
        ({"content_labels": PICTURE, "style_labels": LABELS}, "of the content picture is uint8 (40, 50, 3)"),
        ({"pairs": {0: 0}}, "give both label maps"),
        ({"content_labels": LABELS, "style_labels": LABELS, "pairs": {0: -1}}, "A paired region is -1"),
        ({"content_labels": LABELS, "style_labels": LABELS, "pairs": {0.5: 1}}, "A paired region is 0.5"),
        ({"content_labels": LABELS, "style_labels": LABELS, "pairs": dict.fromkeys(range(300))}, "300 regions"),
        ({"content_origin": "a\nb"}, "The content's origin is 'a\\nb'; give at most 255 printable characters."),
        ({"content_origin": "a" * 256}, "The content's origin is 'aaa"),
        ({"content_origin": None}, "The content's origin is None"),
        ({"options": {"smoothing": "exact"}}, "stylist has no option 'smoothing'"),
    ],
)
def test_bad_style_requests_are_refused(changes: dict, told: str) -> None:
    values = {"content": PICTURE, "style": PICTURE} | changes
    assert told in refusal(StyleRequest(**values))


@pytest.mark.parametrize("size", [(31, 64), (64, 2049), (64.0, 64), (True, 64), (-1, 64)])
def test_bad_texture_sizes_are_refused(size: tuple) -> None:
    assert "each side is a whole number from 32 to 2048" in refusal(TextureRequest(PICTURE, size), BOTH)


@pytest.mark.parametrize("size", [(64,), (64, 64, 3), (), 64, None, [64, 64], "64"])
def test_a_texture_has_two_sides(size: object) -> None:
    told = refusal(TextureRequest(PICTURE, size), BOTH)  # type: ignore[arg-type]
    assert told == f"The texture's size is {size!r}; give two whole numbers, (height, width)."


def test_what_a_card_bounds_is_refused() -> None:
    bounded = replace(BOTH, most_pixels=1999, least_side=40)
    assert refusal(StyleRequest(PICTURE, PICTURE), bounded) == (
        "The content picture is 50x40; both makes at most 1999 pixels, such as 44x44."
    )
    assert "size is 32x63 (height x width); both makes at most 1999" in refusal(
        TextureRequest(PICTURE, (32, 63)), bounded
    )
    small = PICTURE[:39]
    assert refusal(StyleRequest(small, PICTURE), bounded) == (
        "The content picture is 50x39; both takes at least 40 pixels a side."
    )
    assert "The style picture is 50x39; both takes" in refusal(StyleRequest(PICTURE[:, :40], small), bounded)
    assert "The example is 50x39; both takes" in refusal(TextureRequest(small, (32, 32)), bounded)
    check_request(bounded, StyleRequest(PICTURE[:, :49], PICTURE))
