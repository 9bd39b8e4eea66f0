"""The running app as programs use it: `gradio_client`, MCP, plain HTTP; and what its process asks of the network."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image
from running_studio import Studio

from sims.label_space import label_space_names
from sims.layout_samples import sample_layouts
from sims.provenance import read_recipe
from sims.ui.api import read_layout
from zoo import catalog

ENDPOINTS = {"/list_generators", "/read_layout", "/convert_layout", "/generate", "/stages", "/compare"}
ENDPOINTS |= {"/stylize", "/texture", "/spade_pis", "/generate_grid", "/panorama", "/invert", "/walk"}
LAYOUT = sample_layouts("street")[0].path


@pytest.fixture(scope="module")
def config(studio: Studio) -> dict[str, Any]:
    with urllib.request.urlopen(f"{studio.url}/config", timeout=30) as answer:
        return json.load(answer)


def described(studio: Studio) -> dict[str, Any]:
    with urllib.request.urlopen(f"{studio.url}/gradio_api/info", timeout=30) as answer:
        return json.load(answer)["named_endpoints"]


def test_every_public_event_has_its_name_and_says_what_it_does(studio: Studio) -> None:
    endpoints = described(studio)
    assert set(endpoints) == ENDPOINTS
    for name, endpoint in endpoints.items():
        assert endpoint["description"].endswith("."), name
        assert all(parameter["parameter_name"] for parameter in endpoint["parameters"])


def test_the_page_never_reports_or_shares(config: dict[str, Any]) -> None:
    assert config["analytics_enabled"] is False
    assert config["show_error"] is False
    assert "runs" not in config["footer_links"]


def test_generators_are_listed(client: Client) -> None:
    listed = {item["name"]: item for item in client.predict(api_name="/list_generators")}
    named = {name for name, item in listed.items() if "layout" in item["tasks"]}
    assert named == {entry.name for entry in catalog().values() if entry.task == "layout"}
    assert listed["spade-street"]["ready"]
    assert all(item["ready"] or item["reason"].endswith(".") for item in listed.values())


def test_a_picture_carries_its_recipe_and_comes_out_the_same_again(client: Client) -> None:
    answers = [client.predict(handle_file(LAYOUT), "street", "spade-street", 3, api_name="/generate") for _ in range(2)]
    made = [path for path, _ in answers]
    first, second = (np.asarray(Image.open(path)) for path in made)
    assert first.std() > 1
    assert np.array_equal(first, second)
    recipe = read_recipe(Path(made[0]).read_bytes())
    assert (recipe.generator, recipe.seed) == ("spade-street", 3)
    report = answers[0][1]
    assert (report["generator"], report["seed"], report["notes"]) == ("spade-street", 3, [])
    assert set(report["seconds"]) == set(recipe.seconds)
    assert np.array_equal(recipe.request.layout.ids, np.asarray(Image.open(LAYOUT)))


def test_options_and_style_reach_the_generator(client: Client, tmp_path: Path) -> None:
    style = tmp_path / "style.jpg"
    Image.fromarray(np.full((64, 64, 3), (200, 120, 30), np.uint8)).save(style)
    dropped, _ = client.predict(
        handle_file(LAYOUT), "street", "pix2pix-street", 1, None, "running", "on", api_name="/generate"
    )
    assert read_recipe(Path(dropped).read_bytes()).options == {"statistics": "running", "dropout": "on"}
    styled, _ = client.predict(
        handle_file(LAYOUT), "street", "spade-street", 1, handle_file(style), api_name="/generate"
    )
    look = read_recipe(Path(styled).read_bytes()).request.style
    assert look is not None
    assert look.shape == (64, 64, 3)


def test_stages_name_the_candidates_that_generate_then_takes(client: Client) -> None:
    canvas, report = client.predict(handle_file(LAYOUT), "street", "sims-street", 2, api_name="/stages")
    pixels = np.asarray(Image.open(canvas))
    assert pixels.shape == (256, 512, 3)
    assert (pixels == 0).all(-1).any()
    assert (pixels == 255).all(-1).any()
    segments = report["segments"]
    assert [segment["number"] for segment in segments] == list(range(1, len(segments) + 1))
    segment = next(each for each in segments if len(each["candidates"]) > 1)
    assert segment["chosen"] == 0
    assert segment["candidates"][1]["rank"] == 1
    assert 0 < segment["candidates"][1]["mask_iou"] <= 1
    picked = f"candidates={segment['number']}:1; rules=released"
    path, _ = client.predict(
        handle_file(LAYOUT), "street", "sims-street", 2, None, "", "", None, "", picked, api_name="/generate"
    )
    options = read_recipe(Path(path).read_bytes()).options
    assert (options["candidates"], options["rules"]) == (f"{segment['number']}:1", "released")
    for generator, options, sentence in [
        ("sims-street", "variety", "'variety' has no value"),
        ("sims-street", "candidates=1:99", "candidates"),
        ("sims-street", "candidates=99:0", "Segment 99"),
        ("sims-street", "temperature=hot", "no option 'temperature'"),
        ("spade-street", "", "without a memory"),
        ("sims-street-no-memory", "", "without a memory"),
    ]:
        with pytest.raises(AppError, match=sentence):
            client.predict(handle_file(LAYOUT), "street", generator, 2, options, api_name="/stages")


def test_layouts_are_read_and_converted_without_loss_on_the_way(client: Client) -> None:
    picture, report = client.predict(handle_file(LAYOUT), "street", api_name="/read_layout")
    assert np.array_equal(np.asarray(Image.open(picture)), np.asarray(Image.open(LAYOUT)))
    assert report["encoding"] == "index"
    converted, report = client.predict(handle_file(LAYOUT), "street", "cityscapes", api_name="/convert_layout")
    ids = np.asarray(Image.open(converted))
    assert set(np.unique(ids)) <= set(range(35))
    assert report["classes"]["road"] == int((np.asarray(Image.open(LAYOUT)) == 0).sum())


def test_a_comparison_is_one_sheet(client: Client) -> None:
    sheet, report = client.predict(handle_file(LAYOUT), "street", "pix2pix-street", 3, 2, api_name="/compare")
    assert [(made["generator"], made["seed"]) for made in report["pictures"]] == [
        ("pix2pix-street", 3),
        ("pix2pix-street", 4),
    ]
    width, height = Image.open(sheet).size
    assert width > 256
    assert height > width / 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((None, "street", "spade-street", 1), "no label map"),
        ((LAYOUT, "mars", "spade-street", 1), "no label space"),
        ((LAYOUT, "street", "nobody", 1), "no checkpoint called"),
        ((LAYOUT, "street", "/etc", 1), "no checkpoint called"),
        ((LAYOUT, "street", "cyclegan-horse2zebra", 1), "does not work from a layout"),
        ((LAYOUT, "street", "spade-coco", 1), "spade-coco"),
        ((LAYOUT, "street", "spade-street", -1), "seed"),
        ((LAYOUT, "street", "spade-street", 1.5), "seed"),
        ((LAYOUT, "street", "spade-street", 2**32), "seed"),
        ((LAYOUT, "street", "pix2pix-street", 1, None, "guessed"), "statistics"),
        ((LAYOUT, "street", "spade-street", 1, None, "running"), "no option 'statistics'"),
        ((LAYOUT, "street", "pix2pix-street", 1, None, "", "", None, "draw"), "no option 'style_sampling'"),
        (("text.png", "street", "spade-street", 1), "PNG"),
        (("half.png", "street", "spade-street", 1), "cut off"),
        (("tiny.png", "street", "spade-street", 1), "1x1"),
        (("huge.png", "street", "spade-street", 1), "too large"),
        (("ids.png", "street", "spade-street", 1), "77"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(
    client: Client, tmp_path: Path, arguments: tuple[Any, ...], sentence: str
) -> None:
    layout, *others = arguments
    if isinstance(layout, str):
        layout = bad_file(tmp_path, layout)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(layout) if layout else None, *others, api_name="/generate")
    answer = str(caught.value)
    assert sentence in answer
    assert "\n" not in answer
    assert "Traceback" not in answer
    assert str(tmp_path) not in answer


def test_classes_that_a_generator_does_not_know_are_named(client: Client) -> None:
    arguments = (handle_file(LAYOUT), "street")
    _, report = client.predict(*arguments, "pix2pix-landscape", api_name="/generate")
    [note] = report["notes"]
    assert "no counterpart of" in note
    assert "building" in note
    _, report = client.predict(*arguments, "pix2pix-landscape", api_name="/compare")
    assert [made["notes"] for made in report["pictures"]] == [[note]]


def test_label_maps_need_not_be_png(client: Client, tmp_path: Path) -> None:
    with Image.open(LAYOUT) as image:
        image.save(tmp_path / "ids.bmp")
        image.convert("RGB").save(tmp_path / "colours.jpg")
    picture, _ = client.predict(handle_file(tmp_path / "ids.bmp"), "street", api_name="/read_layout")
    assert np.array_equal(np.asarray(Image.open(picture)), np.asarray(Image.open(LAYOUT)))
    jpeg = handle_file(tmp_path / "colours.jpg")
    with pytest.raises(AppError, match=r"lossy JPEG .*\.$"):
        client.predict(jpeg, "street", api_name="/read_layout")
    _, report = client.predict(jpeg, "street", "nearest", api_name="/read_layout")
    assert report["encoding"] == "nearest"


@pytest.mark.parametrize("seeds", [0, 1.5, 9, 100, -1])
def test_the_number_of_seeds_is_whole_and_bounded(client: Client, seeds: float) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(LAYOUT), "street", "pix2pix-street", 3, seeds, api_name="/compare")
    assert f"The number of seeds is {seeds}; give a whole number from 1 to 8." in str(caught.value)


def test_the_label_spaces_are_all_named() -> None:
    assert all(name in str(read_layout.__doc__) for name in label_space_names())


def bad_file(folder: Path, name: str) -> Path:
    path = folder / name
    ids = np.asarray(Image.open(LAYOUT)).copy()
    if name == "text.png":
        path.write_text("road, road, car")
    elif name == "half.png":
        path.write_bytes(LAYOUT.read_bytes()[:900])
    elif name == "tiny.png":
        Image.fromarray(ids[:1, :1]).save(path)
    elif name == "huge.png":
        Image.new("1", (20000, 20000)).save(path)
    else:
        ids[5, 6] = 77
        Image.fromarray(ids).save(path)
    return path


def test_a_model_sees_the_tools(studio: Studio) -> None:
    async def tools() -> dict[str, Any]:
        async with (
            streamablehttp_client(f"{studio.url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return {tool.name: tool for tool in (await session.list_tools()).tools}

    with ThreadPoolExecutor() as thread:  # this one may have an event loop of the browser's already
        listed = thread.submit(lambda: asyncio.run(tools())).result()
    assert {f"/{name}" for name in listed} == ENDPOINTS
    assert "Turn a layout into a picture" in listed["generate"].description
    assert {"layout", "generator", "seed"} <= set(listed["generate"].inputSchema["properties"])


def test_no_file_of_the_server_is_served(studio: Studio) -> None:
    for path in ("/etc/passwd", "../app.py", "%2e%2e/app.py", str(LAYOUT)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{studio.url}/gradio_api/file={path}", timeout=30)
        assert caught.value.code in (403, 404)


def test_private_events_are_closed_to_programs(client: Client) -> None:
    for name in ("/prepare", "/make_pictures", "/reopen", "/pull"):
        with pytest.raises(ValueError, match="api_name"):
            client.predict(api_name=name)


def test_the_process_talks_to_this_machine_only(studio: Studio, client: Client) -> None:
    client.predict(api_name="/list_generators")
    asked = set(studio.lookups.read_text().splitlines())
    assert asked, "the hook wrote nothing down, so it cannot have looked"
    for line in asked:
        address = line.split(" ", 1)[1]
        assert address in ("localhost", "None") or address.startswith("/") or is_loopback(address), line


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
