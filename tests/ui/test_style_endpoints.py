"""Styles and textures as programs make them: `gradio_client` against the running app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from sims.generator import StyleRequest, TextureRequest
from sims.layout_samples import sample_layouts
from sims.provenance import read_recipe
from sims.requests import MAX_PIXELS
from sims.style.gallery import style_pictures, texture_examples
from sims.style.label_maps import label_map_png

LAYOUT = sample_layouts("street")[0].path
STYLE = style_pictures()[0]
QUICK = "steps=2+2;seconds=20"  # of Gatys
MAPS = {"content_layout": "ones", "style_layout": "others"}
FEW = "scales=2;iterations=3"  # of the pyramid


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A content, a style picture and a texture, the first two with their label maps, and what is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = {name: folder / f"{name}.png" for name in ("content", "style", "example", "ones", "others", "vast", "text")}
    content = style_pictures()[1].picture()[:100, 200:350]
    for name, picture in (
        ("content", content),
        ("style", STYLE.picture()[::2, ::2]),
        ("example", texture_examples()[0].picture()[:64, :64]),
    ):
        Image.fromarray(picture).save(paths[name])
    ones = np.repeat(np.array([[300, 7, 9]], np.int32), 50, 0).repeat(25, 1)
    paths["ones"].write_bytes(label_map_png(ones))
    paths["others"].write_bytes(label_map_png(ones[:, ::-1] + 1))
    Image.new("L", (MAX_PIXELS // 1000 + 1, 1000)).save(paths["vast"])
    paths["text"].write_text("a lake, a tree")
    return paths


def recipe(path: str) -> Any:
    return read_recipe(Path(path).read_bytes())


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_generators_of_all_three_tasks_are_listed(client: Client) -> None:
    listed = {item["name"]: item for item in client.predict(api_name="/list_generators")}
    assert listed["photo-wct-world"]["tasks"] == ["style"]
    assert listed["segmenter-world"]["tasks"] == ["style", "texture"]
    assert listed["steerable"]["tasks"] == ["texture"]
    assert listed["spade-street"]["tasks"] == ["layout"]
    assert all(listed[name]["ready"] for name in ("photo-wct-world", "segmenter-world", "steerable"))


def test_a_picture_takes_on_a_look_and_carries_its_recipe(client: Client, files: dict[str, Path]) -> None:
    pictures = handle_file(files["content"]), handle_file(files["style"])
    path, report = client.predict(*pictures, "pis", "", 1, "off", api_name="/stylize")
    content = pixels(str(files["content"]))
    assert pixels(path).shape == content.shape
    assert np.abs(pixels(path).astype(int) - content).mean() > 3
    assert report["generator"] == "photo-wct-world"
    assert report["size"] == {"height": 100, "width": 150}
    assert set(report["seconds"]) == {"look at the style", "stylise"}
    made = recipe(path)
    assert isinstance(made.request, StyleRequest)
    assert (made.options["smoothing"], made.request.strength) == ("off", 1)
    assert np.array_equal(made.request.content, content)

    half, _ = client.predict(*pictures, "", "", 0.5, "off", api_name="/stylize")
    between = (content.astype(int) + pixels(path)) / 2
    assert np.abs(pixels(half) - between).max() <= 1
    none, _ = client.predict(*pictures, "", "photo-wct-world", 0, "off", api_name="/stylize")
    assert np.array_equal(pixels(none), content)


def test_regions_are_matched_by_id_and_by_pairs(client: Client, files: dict[str, Path]) -> None:
    pictures = handle_file(files["content"]), handle_file(files["style"])
    maps = handle_file(files["ones"]), handle_file(files["others"])
    arguments = (*pictures, "pis", "", 1, "off", *maps)
    unpaired, report = client.predict(*arguments, api_name="/stylize")
    assert "the style picture has no region for them: 7, 9, 300." in report["notes"][0]
    path, _ = client.predict(*arguments, "7:8, 300:301,9:none", api_name="/stylize")
    assert recipe(path).request.pairs == {7: 8, 300: 301, 9: None}
    changed = np.abs(pixels(path).astype(int) - pixels(unpaired)).mean((0, 2))
    assert changed[:90].mean() > 3 * changed[120:].mean()  # the last third was left as it is
    found, _ = client.predict(*pictures, "pis", "", 1, "off", None, None, "", 0, "", "landscape", api_name="/stylize")
    assert recipe(found).request.content_labels is not None


def test_neural_style_runs_for_as_long_as_it_is_told(client: Client, files: dict[str, Path]) -> None:
    pictures = handle_file(files["content"]), handle_file(files["style"])
    path, report = client.predict(*pictures, "gatys", "", 1, "", None, None, "", 3, QUICK, api_name="/stylize")
    assert (report["generator"], report["seed"]) == ("segmenter-world", 3)
    assert pixels(path).shape == (100, 150, 3)
    assert recipe(path).options["steps"] == "2+2"


def test_textures_have_the_size_asked_for_and_depend_on_the_seed(client: Client, files: dict[str, Path]) -> None:
    example = handle_file(files["example"])
    first, report = client.predict(example, "48x80", "steerable", 1, FEW, api_name="/texture")
    assert pixels(first).shape == (48, 80, 3)
    assert (report["generator"], report["size"]) == ("steerable", {"height": 48, "width": 80})
    made = recipe(first)
    assert isinstance(made.request, TextureRequest)
    assert (made.request.size, made.seed, made.options["iterations"]) == ((48, 80), 1, "3")
    again, _ = client.predict(example, "48x80", "", 1, FEW, api_name="/texture")
    other, _ = client.predict(example, "48x80", "", 2, FEW, api_name="/texture")
    assert np.array_equal(pixels(first), pixels(again))
    assert not np.array_equal(pixels(first), pixels(other))
    neural, report = client.predict(example, "64 × 48", "gatys", 1, QUICK, api_name="/texture")
    assert pixels(neural).shape == (64, 48, 3)
    assert report["generator"] == "segmenter-world"


def test_a_layout_becomes_a_restyled_picture_in_one_action(client: Client, files: dict[str, Path]) -> None:
    path, report = client.predict(
        handle_file(LAYOUT), "street", "pix2pix-street", handle_file(files["style"]), None, 1, "off", 5,
        api_name="/spade_pis",
    )  # fmt: skip
    assert (report["source"], report["generator"], report["seed"]) == ("pix2pix-street", "photo-wct-world", 5)
    stations = list(report["seconds"])
    assert "pix2pix" in stations[0]
    assert stations[1] == "layout of the style picture"
    assert any("stylise" in station for station in stations[2:])
    height, width = pixels(path).shape[:2]
    assert report["size"] == {"height": height, "width": width}
    assert np.array_equal(recipe(path).request.content_labels, pixels(str(LAYOUT)))
    _, report = client.predict(
        handle_file(LAYOUT), "street", "pix2pix-street", handle_file(files["style"]), handle_file(LAYOUT), 1, "off", 5,
        api_name="/spade_pis",
    )  # fmt: skip
    assert "layout of the style picture" not in report["seconds"]


def test_what_a_client_leaves_out_has_its_default(client: Client, files: dict[str, Path]) -> None:
    pictures = handle_file(files["content"]), handle_file(files["style"])
    plain, _ = client.predict(*pictures, "pis", "", 1, "off", api_name="/stylize")
    left_out, _ = client.predict(
        *pictures, None, None, None, "off", None, None, None, None, None, None, api_name="/stylize"
    )
    assert np.array_equal(pixels(plain), pixels(left_out))
    more, report = client.predict(handle_file(files["example"]), None, None, None, FEW, None, api_name="/texture")
    assert (pixels(more).shape, report["seed"]) == ((256, 256, 3), 0)
    with pytest.raises(AppError, match="no style picture"):
        client.predict(handle_file(LAYOUT), None, None, None, None, None, None, None, None, api_name="/spade_pis")


@pytest.mark.parametrize(
    ("endpoint", "arguments", "sentence"),
    [
        ("stylize", {}, "There is no content picture"),
        ("stylize", {"content": "content"}, "There is no style picture"),
        ("stylize", {"content": "text", "style": "style"}, "not a picture that can be read"),
        ("stylize", {"content": "vast", "style": "style"}, f"at most {MAX_PIXELS} pixels"),
        ("stylize", {"method": "magic"}, "'magic'; it is pis or gatys"),
        ("stylize", {"model": "nobody"}, "no checkpoint called"),
        ("stylize", {"model": "/etc"}, "no checkpoint called"),
        ("stylize", {"model": "spade-street"}, "does not work from"),
        ("stylize", {"model": "segmenter-world", "method": "pis"}, "cannot carry out pis"),
        ("stylize", {"model": "steerable"}, "steerable"),
        ("stylize", {"strength": 1.5}, "strength"),
        ("stylize", {"strength": -1}, "strength"),
        ("stylize", {"smoothing": "guessed"}, "smoothing"),
        ("stylize", {"method": "gatys", "smoothing": "off"}, "no option 'smoothing'"),
        ("stylize", {"options": "steps"}, "has no value"),
        ("stylize", {"seed": -1}, "seed"),
        ("stylize", {"seed": 1.5}, "seed"),
        ("stylize", {"content_layout": "ones"}, "no label map of the style picture"),
        ("stylize", {"content_layout": "ones", "style_layout": "style"}, "holds colours"),
        ("stylize", {"content_layout": "ones", "style_layout": "text"}, "not an image"),
        ("stylize", {"pairs": "1:2"}, "no label maps"),
        ("stylize", {"pairs": "1-2"}, "'1-2' is not of the form"),
        ("stylize", {"pairs": "70000:2", "regions": "street"}, "from 0 to 65535"),
        ("stylize", {"regions": "mars"}, "'mars'; they are street or landscape"),
        ("stylize", {"regions": "layout"}, "'layout'; they are street or landscape"),
        ("stylize", {"pairs": "5:8", **MAPS}, "Region 5 is paired, and the content picture has the regions 7, 9, 300"),
        ("stylize", {"pairs": "7:9", **MAPS}, "Region 9 is paired, and the style picture has the regions 8, 10, 301"),
        ("stylize", {"regions": "street", "content_layout": "ones", "style_layout": "others"}, "leave out one"),
        ("texture", {}, "There is no example"),
        ("texture", {"example": "text"}, "not a picture that can be read"),
        ("texture", {"size": "large"}, "'large'; give height and width"),
        ("texture", {"size": "8x64"}, "8x64"),
        ("texture", {"size": "4096x64"}, "from 32 to 2048"),
        ("texture", {"method": "pis"}, "it is steerable or gatys"),
        ("texture", {"model": "photo-wct-world"}, "does not work from"),
        ("texture", {"options": "scales=9"}, "scales"),
        ("texture", {"options": "smoothing=off"}, "no option 'smoothing'"),
        ("spade_pis", {}, "no label map"),
        ("spade_pis", {"layout": "LAYOUT", "style": None}, "no style picture"),
        ("spade_pis", {"layout": "LAYOUT", "generator": "photo-wct-world"}, "does not work from a layout"),
        ("spade_pis", {"layout": "LAYOUT", "model": "segmenter-world"}, "cannot carry out pis"),
        ("spade_pis", {"layout": "LAYOUT", "strength": 2}, "strength"),
        ("spade_pis", {"layout": "LAYOUT", "style_layout": "text"}, "The style layout cannot be used: "),
        ("spade_pis", {"layout": "LAYOUT", "smoothing": "none"}, "smoothing"),
        ("spade_pis", {"layout": "LAYOUT", "seed": 2**32}, "seed"),
        ("spade_pis", {"layout": "LAYOUT", "label_space": "mars"}, "no label space"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(
    client: Client, files: dict[str, Path], endpoint: str, arguments: dict[str, Any], sentence: str
) -> None:
    given = {"stylize": ("content", "style"), "texture": ("example",), "spade_pis": ("style",)}[endpoint]
    whole = bool(arguments) and not {"content", "style", "example"} & arguments.keys()
    asked = {**({name: name for name in given} if whole else dict.fromkeys(given)), **arguments}
    asked.setdefault("layout", None) if endpoint == "spade_pis" else None
    known = {**files, "LAYOUT": LAYOUT}
    named = {"content", "style", "example", "layout", "content_layout", "style_layout"}
    sent = {
        name: handle_file(known[value]) if name in named and value in known else value for name, value in asked.items()
    }
    with pytest.raises(AppError) as caught:
        client.predict(**sent, api_name=f"/{endpoint}")
    answer = str(caught.value)
    assert sentence in answer
    assert "\n" not in answer
    assert "Traceback" not in answer
    assert str(files["text"].parent) not in answer
