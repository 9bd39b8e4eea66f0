"""Walks between styles: their frames, their bounds, their files, and the command."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_cips import cips_checkpoint

from sims.__main__ import main
from sims.animation import check_pace, encode_animation
from sims.cips_generator import CipsGenerator
from sims.cips_walk import WalkRequest, check_walk, walk
from sims.generator import Cancelled, GridRequest, RequestError
from sims.grid_request import Style
from sims.latent_files import latent_npy
from sims.load import card, load

STOPS = (Style(seed=1), Style(seed=2))
VIEW = GridRequest(size=(16, 32), truncation=0.9)


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    """An untrained generator of panorama pictures."""
    folder = cips_checkpoint(tmp_path_factory.mktemp("cips") / "tiny-around", geometry="cylinder")
    return load(folder, device="cpu")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    """An untrained generator of pictures on a plane."""
    return load(cips_checkpoint(tmp_path_factory.mktemp("cips") / "tiny-flat"), device="cpu")


def made(generator: CipsGenerator, style: Style, view: GridRequest = VIEW) -> np.ndarray:
    return generator.generate(replace(view, style=style)).image


def test_it_passes_every_stop_and_goes_back_to_the_first(around: CipsGenerator) -> None:
    stops = (*STOPS, Style(seed=3))
    frames = walk(around, WalkRequest(stops, 12, view=VIEW))
    assert [frame.shape for frame in frames] == [(16, 32, 3)] * 12
    for number, stop in zip((0, 4, 8), stops, strict=True):
        assert np.array_equal(frames[number], made(around, stop))
    steps = [np.abs(a.astype(int) - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert steps[-1] < 2 * max(steps[:-1])  # the last frame leads over to the first as the others do
    assert min(steps[1], steps[2]) > max(steps[0], steps[3])  # slow at the stops, faster between them


def test_halfway_is_the_mean_of_both_styles(flat: CipsGenerator) -> None:
    mean = sum(flat.styles(stop, 0) for stop in STOPS).numpy() / 2
    frames = walk(flat, WalkRequest(STOPS, 4, view=VIEW))
    assert np.abs(frames[1].astype(int) - made(flat, Style(latent=mean, space="w"))).max() <= 1
    assert np.array_equal(frames[1], frames[3])


def test_it_starts_from_latents_too(flat: CipsGenerator) -> None:
    latent = Style(latent=flat.styles(Style(seed=5), 0).numpy(), space="w")
    frames = walk(flat, WalkRequest((latent, Style(seed=2)), 4, view=VIEW))
    assert np.array_equal(frames[0], made(flat, Style(seed=5)))


def test_no_variety_means_no_change(flat: CipsGenerator) -> None:
    frames = walk(flat, WalkRequest(STOPS, 4, view=replace(VIEW, truncation=0.0)))
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_a_cylinder_turns_all_around(around: CipsGenerator) -> None:
    frames = walk(around, WalkRequest((STOPS[0], STOPS[0]), 8, 360.0, replace(VIEW, turn=-90.0)))
    for number, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - np.roll(frames[0], -4 * number, 1)).max() <= 1
    back = walk(around, WalkRequest((STOPS[0], STOPS[0]), 8, -360.0, replace(VIEW, turn=-90.0)))
    assert np.abs(back[1].astype(int) - np.roll(frames[0], 4, 1)).max() <= 1


def test_a_mirrored_plane_turns_too(flat: CipsGenerator) -> None:
    view = replace(VIEW, options={"projection": "mirrored"})
    frames = walk(flat, WalkRequest((STOPS[0], STOPS[0]), 4, 360.0, view))
    assert np.abs(frames[1].astype(int) - np.roll(frames[0], -8, 1)).max() <= 1


def test_progress_is_told_and_ends_the_work(flat: CipsGenerator) -> None:
    told: list[tuple[float, str]] = []
    seen: list[int] = []

    def until_the_third(fraction: float, what: str) -> None:
        told.append((fraction, what))
        if what == "frame 3 of 6":
            raise Cancelled

    with pytest.raises(Cancelled):
        walk(flat, WalkRequest(STOPS, 6, view=VIEW), progress=until_the_third, watch=lambda n, _: seen.append(n))
    assert seen == [0, 1]
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[-1] == (2 / 6, "frame 3 of 6")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"stops": STOPS[:1]}, "The walk has 1 stops; give from 2 to 8"),
        ({"stops": STOPS * 5}, "The walk has 10 stops; give from 2 to 8"),
        ({"stops": (STOPS[0], Style(seed=-1))}, "The seed is -1"),
        ({"stops": (STOPS[0], Style(latent=np.zeros(5, np.float32)))}, r"\(5,\)"),
        ({"frames": 3}, "The walk has 3 frames; give a whole number from 4 to 120"),
        ({"frames": 121}, "The walk has 121 frames"),
        ({"frames": 4.0}, r"The walk has 4\.0 frames"),
        ({"stops": STOPS * 3, "frames": 5}, "The walk has 5 frames; give a whole number from 6 to 120"),
        ({"turn": 90.0}, "turns by 90.0 degrees; give one of -720, -360, 0, 360, 720"),
        ({"turn": True}, "turns by True degrees"),
        ({"turn": 360.0}, "Only a cylinder, or the projection mirrored, can be turned"),
        ({"view": GridRequest((16, 1032))}, "The frames are 16x1032 .* from 8 to 1024"),
        ({"frames": 120, "view": GridRequest((512, 512))}, "more than 16777216 pixels; give at most 64 frames"),
        ({"view": GridRequest((16, 16), truncation=2.0)}, "The truncation is 2.0"),
        ({"view": GridRequest((16, 16), options={"sampling": "patch:9:3:0:0"})}, "does not lie inside"),
    ],
)
def test_what_is_out_of_bounds_is_told(flat: CipsGenerator, changes: dict, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        walk(flat, replace(WalkRequest(STOPS, 6, view=VIEW), **changes))


def test_other_generators_have_no_styles_to_walk_between() -> None:
    with pytest.raises(RequestError, match="pix2pix-landscape has no styles to walk between"):
        check_walk(card("pix2pix-landscape"), WalkRequest(STOPS))


def test_a_film_is_played_over_and_over() -> None:
    across = np.broadcast_to(np.linspace(0, 200, 64), (48, 64))
    frames = [np.stack((across, across, 0 * across + 40 * number), -1).astype(np.uint8) for number in range(6)]
    for kind, most in (("webp", 3), ("gif", 6)):
        film = Image.open(io.BytesIO(encode_animation(frames, 120, kind)))
        assert (film.format, film.n_frames, film.info["loop"]) == (kind.upper(), 6, 0)
        for number, frame in enumerate(frames):
            film.seek(number)
            film.load()
            assert film.info["duration"] == 120
            assert np.abs(np.array(film.convert("RGB")).astype(int) - frame).mean() < most


@pytest.mark.parametrize(("kind", "milliseconds"), [("png", 100), ("webp", 19), ("webp", 1001), ("gif", 50.0)])
def test_other_files_and_paces_are_refused(kind: str, milliseconds: object) -> None:
    with pytest.raises(RequestError, match="can be webp or gif" if kind == "png" else "whole number from 20 to 1000"):
        check_pace(kind, milliseconds)


def test_the_command_writes_a_film(around: CipsGenerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cips_checkpoint(tmp_path / "tiny", geometry="cylinder")
    latent, out = tmp_path / "latent.npy", tmp_path / "film.gif"
    latent.write_bytes(latent_npy(around.styles(Style(seed=4), 0).numpy()))
    command = ["walk", str(folder), "--latent", str(latent), "--seeds", "1,2", "--frames", "6", "--size", "16x32"]
    more = ["--turn", "360", "--truncation", "0.8", "--option", "noise=seeded"]
    assert main([*command, *more, "--device", "cpu", "--out", str(out)]) == 0
    assert f"{out}: 6 frames of 32x16" in capsys.readouterr().out
    film = Image.open(out)
    assert (film.size, film.n_frames) == ((32, 16), 6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "1", "--out", "film.webp"], "The walk has 1 stops"),
        (["--seeds", "1,x", "--out", "film.webp"], "'1,x' is no list of seeds"),
        (["--seeds", "1,2", "--out", "film.mp4"], "must end in .webp or .gif"),
        (["--seeds", "1,2", "--size", "9000x9000", "--out", "film.webp"], "9000"),
        (["--seeds", "1,2", "--latent-space", "z", "--out", "film.webp"], "--latent-space goes with --latent"),
        (["--seeds", "1,2", "--milliseconds", "5", "--out", "film.webp"], "give a whole number from 20 to 1000"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    folder = cips_checkpoint(tmp_path / "tiny")
    assert main(["walk", str(folder), *arguments[:-1], str(tmp_path / arguments[-1])]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / arguments[-1]).exists()
