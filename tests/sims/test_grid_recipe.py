"""Recipes of grids go into PNGs and come back exactly; whatever is broken in them is refused with one sentence."""

from __future__ import annotations

import base64
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from recipe_pngs import document_of, rebuilt, refusal, with_fields
from small_cips import cips_checkpoint

from sims.blend import soft_step
from sims.generator import Generator, GridRequest, Picture
from sims.grid_request import Style
from sims.latent_files import latent_npy
from sims.load import load
from sims.mask_files import mask_png
from sims.provenance import picture_png, read_recipe

RNG = np.random.default_rng(0)
Z, PLUS = RNG.standard_normal(6, np.float32), RNG.standard_normal((7, 6)).astype(np.float32)
MASK = soft_step(0.25, 0.5, 0.2, wraps=True)
WHOLE = GridRequest(
    size=(24, 40),
    style=Style(latent=Z),
    second=Style(latent=PLUS, space="w"),
    mask=MASK,
    truncation=0.7,
    turn=-12.5,
    field_of_view=90.0,
    window=(0.25, 0.0, 0.5, 1.0),
    options={"noise": "seeded"},
)
ASKED = {
    "size": [24, 40],
    "style": {"seed": None, "space": "z"},
    "second": {"seed": None, "space": "w"},
    "mixed": None,
    "truncation": 0.7,
    "turn": -12.5,
    "field_of_view": 90.0,
    "window": [0.25, 0.0, 0.5, 1.0],
}


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return load(cips_checkpoint(tmp_path_factory.mktemp("cips") / "tiny", geometry="cylinder"), device="cpu")


def png_of(request: GridRequest) -> bytes:
    image = np.zeros((8, 8, 3), np.uint8)
    return picture_png(Picture(image, {}, request, 7, "cips-panorama", "0123abcd", dict(request.options)))


def read(request: GridRequest) -> GridRequest:
    found = read_recipe(png_of(request)).request
    assert isinstance(found, GridRequest)
    return found


def assert_same(found: GridRequest, wanted: GridRequest) -> None:
    for name in ("size", "mixed", "truncation", "turn", "field_of_view", "window", "options"):
        assert getattr(found, name) == getattr(wanted, name), name
    pairs = [(found.style, wanted.style)]
    if wanted.second is None:
        assert found.second is None
    else:
        assert found.second is not None
        pairs.append((found.second, wanted.second))
    for style, asked in pairs:
        assert (style.seed, style.space) == (asked.seed, asked.space)
        assert (style.latent is None) == (asked.latent is None)
        if asked.latent is not None:
            assert np.array_equal(style.latent, asked.latent)
            assert style.latent.dtype == np.float32
    assert (found.mask is None) == (wanted.mask is None)
    if wanted.mask is not None:
        assert np.array_equal(found.mask, wanted.mask)


@pytest.mark.parametrize(
    "request_",
    [
        GridRequest(),
        WHOLE,
        GridRequest(size=(8, 8192), style=Style(seed=2**32 - 1), truncation=1),
        GridRequest(style=Style(seed=3), second=Style(seed=4), mixed=(1, 3)),
        GridRequest(style=Style(latent=PLUS, space="w"), second=Style(), mixed=(2, 2)),
        GridRequest(style=Style(latent=Z, space="w"), turn=360.0),
        GridRequest(second=Style(seed=0), mask=MASK, options={"sampling": "patch:8:2:0:0"}),
    ],
    ids=["plain", "whole", "seed", "mixed", "w-plus", "w", "patch"],
)
def test_a_recipe_comes_back_exactly(request_: GridRequest) -> None:
    png = png_of(request_)
    assert document_of(png)["task"] == "grid"
    assert document_of(png)["format"] == 3
    assert document_of(png)["label_space"] is None
    assert_same(read(request_), request_)


def test_latents_and_masks_are_parts_and_the_rest_is_text() -> None:
    document = document_of(png_of(WHOLE))
    assert document["asked"] == ASKED
    assert document["parts"] == ["latent", "second_latent", "mask"]
    assert document_of(png_of(GridRequest()))["parts"] == []


@pytest.mark.parametrize(
    "asked",
    [
        WHOLE,
        GridRequest(style=Style(seed=3), second=Style(seed=4), mixed=(2, 3)),
        GridRequest(size=(16, 32), options={"noise": "seeded", "precision": "bfloat16", "sampling": "foveated"}),
    ],
    ids=["whole", "mixed", "settled"],
)
def test_a_picture_is_made_again_from_its_recipe(asked: GridRequest, generator: Generator) -> None:
    first = generator.generate(asked, seed=11)
    recipe = read_recipe(picture_png(first))
    assert recipe.seed == 11
    assert dict(recipe.options) == first.options
    again = generator.generate(recipe.request, seed=recipe.seed)
    assert np.array_equal(again.image, first.image)


BROKEN: list[dict[str, Any]] = [
    *({"size": value} for value in ("24x40", [24], [24, 40, 1], [24, 40.0], [True, 40], [-1, 40], [24, 8193], {}, 24)),
    *({"style": value} for value in (None, {}, [], {"seed": 1}, {"seed": 1, "space": "z", "more": 0})),
    *({"style": {"seed": value, "space": "z"}} for value in (-1, 2**32, 1.0, True, "1", [1])),
    *({"style": {"seed": None, "space": value}} for value in ("w+", None, 1, ["z"], {})),
    *({"second": value} for value in (0, {}, "z", {"seed": 1}, {"seed": 1, "space": "x"})),
    *({"mixed": value} for value in ([1], [1, 2, 3], [1, 65], [1.0, 2], [True, 2], "12", 1, [-1, 2])),
    *({"truncation": value} for value in (None, "1", True, math.nan, math.inf, 10**400, [1])),
    *({"turn": value} for value in (None, "0", False, math.nan, -math.inf, -(10**400))),
    *({"field_of_view": value} for value in ("90", True, math.nan, 10**400, [90])),
    *({"window": value} for value in (None, [0, 0, 1], [0, 0, 1, "1"], [0, 0, 1, None], [0, 0, 1, math.nan], "whole")),
    {"window": [0, 0, 1, 10**400]},
    {"strength": 1},
]


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: str(change)[:40])
def test_what_no_grid_asks_for_is_refused(change: dict[str, Any]) -> None:
    told = refusal(with_fields(png_of(WHOLE), asked=ASKED | change))
    assert told == "The recipe in this picture is damaged: the field 'asked' does not fit its task."


def test_a_field_that_is_missing_is_refused() -> None:
    png = png_of(WHOLE)
    for name in ASKED:
        fewer = {key: value for key, value in ASKED.items() if key != name}
        assert "the field 'asked' does not fit its task" in refusal(with_fields(png, asked=fewer))
    assert "the field 'asked' does not fit its task" in refusal(with_fields(png, asked={}))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"size": [7, 40]}, "The size is 7x40"),
        ({"truncation": 2}, "The truncation is 2; give a number from 0 to 1."),
        ({"turn": 361}, "The turn is 361"),
        ({"field_of_view": 9}, "The field of view is 9"),
        ({"window": [0.5, 0, 0.6, 1]}, "The window is (0.5, 0, 0.6, 1)"),
        ({"style": {"seed": 1, "space": "z"}}, "The style has a seed and a latent"),
        ({"mixed": [1, 2]}, "is blended in by a mask or mixed in by levels"),
    ],
)
def test_what_is_out_of_bounds_is_refused_when_it_is_made(
    asked: dict[str, Any], told: str, generator: Generator
) -> None:
    recipe = read_recipe(with_fields(png_of(WHOLE), asked=ASKED | asked))
    with pytest.raises(ValueError, match=told.replace("(", r"\(").replace(")", r"\)")):
        generator.generate(recipe.request, seed=recipe.seed)


def test_parts_that_are_not_as_they_should_be_are_refused() -> None:
    png = png_of(WHOLE)
    for name in ("latent", "second_latent", "mask"):
        assert f"has lost its {name}" in refusal(rebuilt(png, f"sims-studio:{name}", None))
        assert f"its {name} is not base64" in refusal(rebuilt(png, f"sims-studio:{name}", b"%%%"))
    broken = {
        "latent": (b"text", np.zeros(4, np.int32), np.full(4, np.nan, np.float32)),
        "second_latent": (b"", np.zeros((2, 2, 2), np.float32), np.zeros(0, np.float32)),
    }
    for name, values in broken.items():
        for value in values:
            data = value if isinstance(value, bytes) else saved(value)
            told = refusal(rebuilt(png, f"sims-studio:{name}", base64.b64encode(data)))
            assert told.startswith("The recipe in this picture is damaged: The ")
    for data in (b"text", mask_png(np.zeros((7, 8), np.uint8)), latent_npy(Z)):
        told = refusal(rebuilt(png, "sims-studio:mask", base64.b64encode(data)))
        assert told.startswith("The recipe in this picture is damaged: The mask ")


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("parts", [["latent", "layout"], ["content", "style"], ["latent", "latent"], ["weights"]])
def test_parts_of_other_tasks_are_refused(parts: list[str]) -> None:
    assert "parts" in refusal(with_fields(png_of(WHOLE), parts=parts))


def test_parts_of_a_second_style_need_one() -> None:
    told = refusal(with_fields(png_of(WHOLE), asked=ASKED | {"second": None}))
    assert told == ("The recipe in this picture is damaged: it has a second latent or a mask, and no second style.")
    seeded = {"second": {"seed": 3, "space": "z"}}
    png = with_fields(png_of(WHOLE), asked=ASKED | seeded, parts=["latent", "mask"])
    found = read_recipe(png).request
    assert isinstance(found, GridRequest)
    assert found.second is not None
    assert (found.second.seed, found.second.latent) == (3, None)


def test_a_grid_is_of_no_label_space_and_of_no_other_task() -> None:
    png = png_of(WHOLE)
    assert "label space" in refusal(with_fields(png, label_space="street"))
    for task in ("layout", "image", "style", "texture"):
        refusal(with_fields(png, task=task))
        refusal(with_fields(png, task=task, parts=[]))


def test_numbers_beyond_all_bounds_stay_sentences() -> None:
    text = json.dumps(document_of(png_of(WHOLE))).replace("0.7", "1e999")
    assert "'asked' does not fit" in refusal(rebuilt(png_of(WHOLE), "sims-studio", text.encode()))
