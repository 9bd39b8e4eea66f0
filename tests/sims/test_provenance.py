"""Recipes go into PNGs and come back exactly; everything else is refused with one sentence."""

from __future__ import annotations

import base64
import io
import json
import re
import tomllib
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from recipe_pngs import chunk, document_of, rebuilt, refusal, with_fields

from sims import provenance
from sims.generator import ImageRequest, LayoutRequest, Picture, Request, StyleRequest, TextureRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.provenance import picture_png, read_recipe
from sims.recipe_document import FORMAT


def noise(*shape: int, high: int = 256, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, high, shape).astype(dtype)


def street(instances: bool = False) -> Layout:
    numbers = noise(16, 24, high=65536, dtype=np.int32) if instances else None
    return Layout(noise(16, 24, high=20), label_space("street"), numbers)


def picture(request: Request | None = None, **changes: object) -> Picture:
    values: dict = {
        "image": noise(32, 48, 3),
        "seconds": {"synthesise": 1.25},
        "request": request or LayoutRequest(street()),
        "seed": 7,
        "generator": "spade-street",
        "revision": "0123abcd",
        "options": {"style_sampling": "draw"},
    }
    return Picture(**(values | changes))


def test_layout_recipe_comes_back_exactly() -> None:
    made = picture(LayoutRequest(street(instances=True), style=noise(9, 5, 3)), seed=2**32 - 1)
    recipe = read_recipe(picture_png(made))
    assert (recipe.generator, recipe.revision, recipe.seed) == ("spade-street", "0123abcd", 2**32 - 1)
    assert recipe.options == recipe.request.options == made.options
    assert recipe.seconds == made.seconds
    assert isinstance(recipe.request, LayoutRequest)
    assert isinstance(made.request, LayoutRequest)
    assert recipe.request.layout.space is made.request.layout.space
    np.testing.assert_array_equal(recipe.request.layout.ids, made.request.layout.ids)
    np.testing.assert_array_equal(recipe.request.layout.instances, made.request.layout.instances)
    np.testing.assert_array_equal(recipe.request.style, made.request.style)


@pytest.mark.parametrize("space", ["landscape", "cityscapes", "ade20k", "cocostuff", "facades"])
def test_every_label_space_comes_back(space: str) -> None:
    ids = np.array([entry.id for entry in label_space(space).classes], np.uint8)
    layout = Layout(np.resize(ids, (32, 16)), label_space(space))
    request = read_recipe(picture_png(picture(LayoutRequest(layout)))).request
    assert isinstance(request, LayoutRequest)
    assert request.layout.instances is None
    assert request.style is None
    np.testing.assert_array_equal(request.layout.ids, layout.ids)


def test_image_recipe_comes_back_exactly() -> None:
    made = picture(ImageRequest(noise(12, 10, 3)), generator="cyclegan-summer2winter", options={})
    recipe = read_recipe(picture_png(made))
    assert isinstance(recipe.request, ImageRequest)
    np.testing.assert_array_equal(recipe.request.image, noise(12, 10, 3))


def test_style_recipe_comes_back_exactly() -> None:
    maps = noise(16, 24, high=300, dtype=np.int32), noise(9, 8, high=4)
    asked = StyleRequest(noise(20, 30, 3), noise(31, 17, 3), *maps, {299: 3, 2: None}, 0.625, {"smoothing": "fast"})
    asked = replace(asked, content_origin="spade-street, revision 0123abcd, seed 7")
    read = read_recipe(picture_png(picture(asked, options={"smoothing": "fast"}))).request
    assert isinstance(read, StyleRequest)
    for name in ("content", "style", "content_labels", "style_labels"):
        assert (getattr(read, name) == getattr(asked, name)).all(), name
    assert (read.pairs, read.strength, read.options) == (asked.pairs, asked.strength, asked.options)
    assert read.content_origin == asked.content_origin


def test_a_style_without_regions_and_a_texture_come_back() -> None:
    read = read_recipe(picture_png(picture(StyleRequest(noise(20, 30, 3), noise(31, 17, 3))))).request
    assert isinstance(read, StyleRequest)
    assert (read.content_labels, read.style_labels, read.pairs, read.strength) == (None, None, {}, 1.0)
    assert read.content_origin == ""
    example = TextureRequest(noise(64, 65, 3), (128, 96))
    again = read_recipe(picture_png(picture(example))).request
    assert isinstance(again, TextureRequest)
    assert again.size == (128, 96)
    assert (again.example == example.example).all()


@pytest.mark.parametrize(
    "asked",
    [
        {"strength": 2},
        {"strength": float("nan")},
        {"pairs": [[1]]},
        {"pairs": [[1, "none"]]},
        {"pairs": [[65536, 0]]},
        {"pairs": [[0, 0]] * 257},
        {"size": [64, 64]},
        {"content_origin": "a\nb"},
        {"content_origin": "a" * 256},
        {"content_origin": ["spade-street"]},
        {"content_origin": None},
    ],
)
def test_what_no_style_asks_for_is_refused(asked: dict) -> None:
    png = picture_png(picture(StyleRequest(noise(20, 30, 3), noise(31, 17, 3))))
    good = {"strength": 1, "pairs": [], "content_origin": ""}
    assert isinstance(read_recipe(with_fields(png, asked=good)).request, StyleRequest)
    assert "the field 'asked' does not fit its task" in refusal(with_fields(png, asked=good | asked))


def test_a_picture_in_a_recipe_is_never_reduced() -> None:
    large = np.zeros((2049, 2048, 3), np.uint8)
    for asked in (StyleRequest(large, noise(8, 8, 3)), StyleRequest(noise(8, 8, 3), large)):
        assert "give at most 4194304 pixels" in refusal(picture_png(picture(asked)))
    assert "give at most 4194304 pixels" in refusal(picture_png(picture(TextureRequest(large, (64, 64)))))


def test_recipes_of_older_formats_are_still_read() -> None:
    png = picture_png(picture())
    assert document_of(png)["format"] == FORMAT == 3
    assert read_recipe(with_fields(png, format=2)).seed == 7
    document = document_of(png) | {"format": 1}
    del document["asked"]
    assert read_recipe(rebuilt(png, "sims-studio", json.dumps(document).encode())).seed == 7
    styled = picture_png(picture(StyleRequest(noise(20, 30, 3), noise(31, 17, 3), strength=0.5)))
    found = read_recipe(with_fields(styled, format=2)).request
    assert isinstance(found, StyleRequest)
    assert found.strength == 0.5


def test_other_programs_see_the_picture_and_its_title() -> None:
    style = noise(700, 900, 3)  # does not compress: its text is larger than a megabyte
    made = picture(LayoutRequest(street(), style=style))
    with Image.open(io.BytesIO(picture_png(made))) as image:
        np.testing.assert_array_equal(np.array(image), made.image)
        assert image.text["Title"] == "spade-street, seed 7"
        assert "0123abcd" in image.text["Source"]
        assert image.text["Software"].startswith("sims-studio")


def test_the_program_version_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == provenance.VERSION


def test_other_files_are_refused() -> None:
    jpeg, plain = io.BytesIO(), io.BytesIO()
    Image.fromarray(noise(8, 8, 3)).save(jpeg, "JPEG")
    Image.fromarray(noise(8, 8, 3)).save(plain, "PNG")
    assert "not a PNG" in refusal(b"")
    assert "not a PNG" in refusal(jpeg.getvalue())
    assert "no recipe" in refusal(plain.getvalue())
    assert "cut short" in refusal(plain.getvalue()[:8])


def test_a_picture_saved_by_another_program_has_no_recipe() -> None:
    again = io.BytesIO()
    with Image.open(io.BytesIO(picture_png(picture()))) as image:
        image.save(again, "PNG")
    assert "no recipe" in refusal(again.getvalue())


def test_every_cut_and_every_flipped_byte_is_noticed() -> None:
    png = picture_png(picture(image=noise(4, 4, 3)))
    for length in range(8, len(png)):
        assert re.search("cut short|damaged", refusal(png[:length]))
    for place in range(8, len(png)):
        refusal(png[:place] + bytes([png[place] ^ 1]) + png[place + 1 :])


def test_a_newer_format_is_named() -> None:
    assert "newer version" in refusal(with_fields(picture_png(picture()), format=FORMAT + 1, anything="else"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": True}, "format"),
        ({"format": 0}, "format"),
        ({"format": "1"}, "format"),
        ({"generator": "../../etc"}, "generator"),
        ({"generator": ".."}, "generator"),
        ({"generator": "a\\b"}, "generator"),
        ({"generator": "x" * 101}, "generator"),
        ({"generator": "\u5c71" * 85}, "generator"),  # 255 bytes
        ({"generator": "a:b"}, "generator"),
        ({"generator": ""}, "generator"),
        ({"generator": ".hidden"}, "generator"),
        ({"generator": "\ud800"}, "generator"),
        ({"generator": ["spade-street"]}, "generator"),
        ({"revision": "a\nb"}, "revision"),
        ({"revision": None}, "revision"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"seed": True}, "seed"),
        ({"options": ["x"]}, "options"),
        ({"options": {"a": 1}}, "options"),
        ({"options": {str(n): "" for n in range(33)}}, "options"),
        ({"seconds": {"a": -1}}, "seconds"),
        ({"seconds": {"a": float("nan")}}, "seconds"),
        ({"seconds": {"a": 10**400}}, "seconds"),
        ({"task": "video"}, "task"),
        ({"task": ["layout"]}, "task"),
        ({"task": "image"}, "image"),
        ({"label_space": None}, "label space"),
        ({"label_space": "mars"}, "mars"),
        ({"label_space": "../street"}, "label_space"),
        ({"parts": []}, "parts"),
        ({"parts": ["layout", "layout"]}, "parts"),
        ({"parts": ["layout", "weights"]}, "parts"),
        ({"parts": [["layout"]]}, "parts"),
        ({"parts": ["layout", "style"]}, "style"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(changes: dict, told: str) -> None:
    assert told in refusal(with_fields(picture_png(picture()), **changes))


def test_a_missing_field_is_named() -> None:
    png = picture_png(picture())
    for name in document_of(png):
        fewer = {key: value for key, value in document_of(png).items() if key != name}
        assert name in refusal(rebuilt(png, "sims-studio", json.dumps(fewer).encode()))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60000, b" " * 70000, b"9" * 60000])
def test_a_document_that_is_no_object_is_refused(text: bytes) -> None:
    refusal(rebuilt(picture_png(picture()), "sims-studio", text))


def png_of(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue())


def test_parts_that_are_not_as_they_should_be_are_refused() -> None:
    png = picture_png(picture(LayoutRequest(street(instances=True), style=noise(9, 5, 3))))
    assert "lost its style" in refusal(rebuilt(png, "sims-studio:style", None))
    assert "base64" in refusal(rebuilt(png, "sims-studio:layout", b"%%%"))
    refusal(rebuilt(png, "sims-studio:layout", base64.b64encode(b"text")))
    refusal(rebuilt(png, "sims-studio:style", png_of(np.zeros((1, 1, 3), np.uint8))))
    refusal(rebuilt(png, "sims-studio:instances", png_of(np.zeros((8, 8), np.uint16))))
    refusal(rebuilt(png, "sims-studio:layout", png_of(np.full((16, 24), 77, np.uint8))))
    one_wrong = street().ids.copy()
    one_wrong[3, 4] = 200
    assert "200" in refusal(rebuilt(png, "sims-studio:layout", png_of(one_wrong)))


def test_decompression_bombs_are_refused_unopened() -> None:
    png = picture_png(picture(LayoutRequest(street(), style=noise(9, 5, 3))))
    bomb = base64.b64encode(
        png[:8]
        + chunk(b"IHDR", (60000).to_bytes(4) + (60000).to_bytes(4) + bytes([8, 2, 0, 0, 0]))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
    assert "pixels" in refusal(rebuilt(png, "sims-studio:style", bomb))
    refusal(rebuilt(png, "sims-studio:layout", bomb))
