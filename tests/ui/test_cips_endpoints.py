"""Pictures from latents as programs make them: `gradio_client` against the running app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from sims.blend import soft_step
from sims.generator import GridRequest
from sims.latent_files import latent_npy, read_latent
from sims.load import card
from sims.mask_files import mask_png
from sims.provenance import read_recipe

FLAT, ROUND = "cips-landscape", "cips-panorama"
FILES = {"latent", "second_latent", "mask", "image"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A latent of each kind, a mask, a picture, and files that are none of them."""
    folder = tmp_path_factory.mktemp("latents")
    layers, length = card(FLAT).latents
    rng = np.random.default_rng(1)
    latents = {"z": (length,), "plus": (layers, length), "short": (length - 1,)}
    paths = {name: folder / f"{name}.npy" for name in latents}
    for name, shape in latents.items():
        paths[name].write_bytes(latent_npy(rng.standard_normal(shape).astype(np.float32)))
    paths |= {name: folder / f"{name}.png" for name in ("mask", "picture", "coloured")}
    paths["mask"].write_bytes(mask_png(np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 16, 0)))
    picture = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8).repeat(20, 0).repeat(20, 1)
    Image.fromarray(picture).save(paths["picture"])
    Image.fromarray(picture).save(paths["coloured"])
    paths["text"] = folder / "text.npy"
    paths["text"].write_text("not a latent")
    paths["no_picture"] = folder / "text.png"
    paths["no_picture"].write_text("a lake, a tree")
    return paths


def ask(client: Client, files: dict[str, Path], endpoint: str, **asked: Any) -> Any:
    """The answer of an endpoint; files are named by their key in `files`."""
    sent = {name: handle_file(files[value]) if name in FILES else value for name, value in asked.items()}
    return client.predict(**sent, api_name=f"/{endpoint}")


def recipe(path: str) -> Any:
    return read_recipe(Path(path).read_bytes())


def request(path: str) -> GridRequest:
    made = recipe(path).request
    assert isinstance(made, GridRequest)
    return made


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_generators_that_work_from_latents_are_listed(client: Client) -> None:
    listed = {item["name"]: item for item in client.predict(api_name="/list_generators")}
    assert [(listed[name]["tasks"], listed[name]["ready"]) for name in (FLAT, ROUND)] == [(["grid"], True)] * 2


def test_a_seed_makes_a_picture_of_any_size(client: Client, files: dict[str, Path]) -> None:
    path, report = ask(client, files, "generate_grid", seed=5, size="24x40", truncation=0.7)
    assert pixels(path).shape == (24, 40, 3)
    assert (report["generator"], report["seed"], report["wraps"]) == (FLAT, 5, False)
    assert report["size"] == {"height": 24, "width": 40}
    made = recipe(path)
    assert (made.seed, made.request.truncation, made.options["noise"]) == (5, 0.7, "off")
    again, _ = ask(client, files, "generate_grid", seed=5, size="24x40", truncation=0.7)
    other, _ = ask(client, files, "generate_grid", seed=6, size="24x40", truncation=0.7)
    assert np.array_equal(pixels(path), pixels(again))
    assert not np.array_equal(pixels(path), pixels(other))


def test_latents_of_every_kind_are_read(client: Client, files: dict[str, Path]) -> None:
    small = {"size": "16x16"}
    mapped, _ = ask(client, files, "generate_grid", latent="z", latent_space="z", **small)
    plain, _ = ask(client, files, "generate_grid", latent="z", **small)
    plus, _ = ask(client, files, "generate_grid", latent="plus", **small)
    assert request(mapped).style.space == "z"
    assert request(plain).style.space == "w"
    assert np.array_equal(request(plus).style.latent, read_latent(files["plus"].read_bytes(), ""))
    assert not np.array_equal(pixels(mapped), pixels(plain))


def test_all_that_a_request_holds_can_be_said(client: Client, files: dict[str, Path]) -> None:
    path, report = ask(
        client, files, "generate_grid", generator=ROUND, seed=2, size="16x48", noise="seeded", turn=30,
        field_of_view=180, window="0.25,0,0.5,1", second_seed="9", levels="1-2", sampling="foveated",
    )  # fmt: skip
    made = request(path)
    assert (made.turn, made.field_of_view, made.window, made.mixed) == (30, 180, (0.25, 0, 0.5, 1), (1, 2))
    assert made.second is not None
    assert made.second.seed == 9
    assert recipe(path).options["sampling"] == "foveated"
    assert recipe(path).options["noise"] == "seeded"
    assert report["wraps"] is False


def test_a_second_style_is_blended_in_a_band_or_by_a_mask(client: Client, files: dict[str, Path]) -> None:
    view = {"seed": 1, "size": "16x64"}
    plain, _ = ask(client, files, "panorama", **view)
    band, _ = ask(client, files, "panorama", **view, second_seed="2", centre=0.25, width=0.2, softness=0)
    asked = request(band).mask
    assert np.array_equal(asked, soft_step(0.25, 0.2, 0, wraps=True))
    changed = np.abs(pixels(plain).astype(int) - pixels(band)).sum((0, 2)) > 0
    assert changed[11:21].all()
    assert not changed[24:].any()
    masked, _ = ask(client, files, "panorama", **view, second_latent="plus", mask="mask")
    assert np.array_equal(request(masked).mask, np.asarray(Image.open(files["mask"])))
    assert request(masked).second.latent.shape == card(ROUND).latents


def test_panoramas_of_planes_are_bent_so_that_they_close(client: Client, files: dict[str, Path]) -> None:
    path, report = ask(client, files, "panorama", generator=FLAT)
    height = card(FLAT).native_size[0]
    assert pixels(path).shape == (height, 4 * height, 3)
    assert report["wraps"] is True
    assert recipe(path).options["projection"] == "mirrored"
    _, report = ask(client, files, "panorama", generator=FLAT, projection="extended", size="16x64")
    assert report["wraps"] is False
    path, report = ask(client, files, "panorama")
    assert (pixels(path).shape[:2], report["wraps"]) == (card(ROUND).native_size, True)


def test_a_picture_is_inverted_and_its_latent_makes_it_again(client: Client, files: dict[str, Path]) -> None:
    path, latent, report = ask(client, files, "invert", image="picture", steps=6, seed=3)
    assert (report["generator"], report["space"], report["steps"], report["seed"]) == (FLAT, "w+", 6, 3)
    assert 0 < report["ssim"] <= 1
    assert report["history"][0][0] == 0
    assert "Its middle was taken, 100x100 pixels" in report["notes"][0]
    found = read_latent(Path(latent).read_bytes(), "")
    assert found.shape == card(FLAT).latents
    files = {**files, "found": Path(latent)}
    again, _ = ask(client, files, "generate_grid", latent="found")
    assert np.array_equal(pixels(path), pixels(again))
    _, latent, report = ask(client, files, "invert", image="picture", generator=ROUND, space="w", steps=2)
    assert (read_latent(Path(latent).read_bytes(), "").shape, report["space"]) == (card(ROUND).latents[1:], "w")


@pytest.mark.parametrize(
    ("endpoint", "asked", "sentence"),
    [
        ("generate_grid", {"generator": "nobody"}, "no checkpoint called"),
        ("generate_grid", {"generator": "spade-street"}, "does not work from latents"),
        ("generate_grid", {"generator": "steerable"}, "steerable"),
        ("generate_grid", {"seed": -1}, "seed"),
        ("generate_grid", {"seed": 0.5}, "seed"),
        ("generate_grid", {"size": "large"}, "'large'; give height and width"),
        ("generate_grid", {"size": "4x64"}, "from 8 to 8192"),
        ("generate_grid", {"size": "8192x8192"}, "at most 8388608 pixels"),
        ("generate_grid", {"truncation": 2}, "truncation"),
        ("generate_grid", {"latent": "text"}, "no .npy file"),
        ("generate_grid", {"latent": "short"}, "takes float32 of shape"),
        ("generate_grid", {"latent": "plus", "latent_space": "z"}, "takes float32 of shape"),
        ("generate_grid", {"latent": "z", "latent_space": "q"}, "it can be z or w"),
        ("generate_grid", {"noise": "loud"}, "off or seeded"),
        ("generate_grid", {"precision": "int8"}, "float32 or bfloat16"),
        ("generate_grid", {"projection": "round"}, "projection"),
        ("generate_grid", {"turn": 30}, "turn"),
        ("generate_grid", {"generator": ROUND, "turn": 1000}, "turn"),
        ("generate_grid", {"generator": ROUND, "field_of_view": 5}, "field of view"),
        ("generate_grid", {"window": "left"}, "give left,top,width,height"),
        ("generate_grid", {"window": "0,0,2,1"}, "The window is"),
        ("generate_grid", {"window": "nan,0,1,1"}, "The window is"),
        ("generate_grid", {"second_seed": "x"}, "The second seed is 'x'"),
        ("generate_grid", {"second_seed": "9999999999"}, "seed is 9999999999"),
        ("generate_grid", {"second_seed": "1", "second_latent": "plus"}, "a seed and a latent"),
        ("generate_grid", {"second_seed": "1", "levels": "3"}, "such as 1-2"),
        ("generate_grid", {"second_seed": "1", "levels": "2-99"}, "The mixed levels are"),
        ("generate_grid", {"second_seed": "1", "levels": "1-2", "mask": "mask"}, "give one of the two"),
        ("generate_grid", {"second_seed": "1", "width": 1.5}, "The band's width is 1.5"),
        ("generate_grid", {"second_seed": "1", "mask": "coloured"}, "The mask has colours"),
        ("generate_grid", {"second_seed": "1", "mask": "no_picture"}, "mask"),
        ("generate_grid", {"mask": "mask"}, "There is no second style"),
        ("generate_grid", {"levels": "1-2"}, "There is no second style"),
        ("generate_grid", {"sampling": "patch:900:1:0:0"}, "does not lie inside"),
        ("generate_grid", {"sampling": "some"}, "sampling"),
        ("panorama", {"generator": "pix2pix-street"}, "does not work from latents"),
        ("panorama", {"projection": "mirrored"}, "no option 'projection'"),
        ("panorama", {"generator": FLAT, "projection": "extended", "turn": 5}, "turn"),
        ("panorama", {"centre": -0.1, "second_seed": "1"}, "The band's centre is -0.1"),
        ("invert", {"image": "no_picture"}, "not a picture that can be read"),
        ("invert", {"image": "picture", "generator": "spade-street"}, "does not work from latents"),
        ("invert", {"image": "picture", "space": "z"}, "it can be w or w+"),
        ("invert", {"image": "picture", "steps": 0}, "from 1 to 2000"),
        ("invert", {"image": "picture", "steps": 2.5}, "from 1 to 2000"),
        ("invert", {"image": "picture", "seconds": 4000}, "from 1 to 3600"),
        ("invert", {"image": "picture", "seed": 2**32}, "seed"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(
    client: Client, files: dict[str, Path], endpoint: str, asked: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AppError) as caught:
        ask(client, files, endpoint, **asked)
    answer = str(caught.value)
    assert sentence in answer
    assert "\n" not in answer
    assert "Traceback" not in answer
    assert str(files["text"].parent) not in answer


def test_an_inversion_needs_a_picture(client: Client) -> None:
    with pytest.raises(AppError, match="There is no picture"):
        client.predict(None, api_name="/invert")
