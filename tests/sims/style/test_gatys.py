"""Neural style and textures end to end, with the built-in network and with untrained ones of ImageNet's kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sims.generator import Cancelled, Card, Picture, RequestError, StyleRequest, TextureRequest, to_tensor
from sims.style.gatys import MAX_PIXELS, GatysGenerator, _Task
from sims.style.gram import STYLE_LAYERS, Looks, responses
from sims.style.regions import WHOLE
from sims.vgg import VGG19
from sims.world import World
from zoo.convert import checked_config, expected_shapes
from zoo.files import read_config, read_weights
from zoo.hub import BUILTIN

CARD = Card(name="a-vgg", title="A VGG", family="vgg", task="features", native_size=None)
CPU = torch.device("cpu")
SHORT = {"steps": "6+8", "seconds": "unlimited"}


def generator(config: dict[str, object], tensors: dict[str, torch.Tensor]) -> GatysGenerator:
    complete = checked_config(config)
    return GatysGenerator(GatysGenerator.describe(CARD, complete), complete, tensors, CPU)


@pytest.fixture(scope="module")
def builtin() -> GatysGenerator:
    folder = BUILTIN / "segmenter-world"
    return generator(read_config(folder), read_weights(folder))


@pytest.fixture(scope="module")
def imagenet() -> GatysGenerator:
    config = {"family": "vgg", "width": 1 / 16, "normalisation": "imagenet"}
    drawn, tensors = torch.Generator().manual_seed(5), {}
    for name, shape in expected_shapes(config).items():
        tensors[name] = torch.empty(shape)
        if name.endswith("weight"):
            nn.init.kaiming_normal_(tensors[name], nonlinearity="relu", generator=drawn)
        else:
            tensors[name].fill_(0.1)
    return generator(config, tensors)


def frame(space: str, index: int, height: int, width: int) -> np.ndarray:
    world = World()
    return world.read(space, world.frames(space)[index].number).picture[:height, :width].copy()


CONTENT, STYLE = frame("street", 3, 60, 83), frame("landscape", 2, 96, 70)


def style_error(network: VGG19, image: np.ndarray, style: np.ndarray) -> float:
    with torch.no_grad():
        wanted, found = (responses(network, to_tensor(one, CPU), STYLE_LAYERS) for one in (style, image))
        return float(Looks.of(wanted, WHOLE).error(found))


def judge(made: GatysGenerator) -> VGG19:
    return made._networks["average"]


# --------------------------------------------------------------------------------------------------------------- style


def test_the_picture_has_the_contents_size_and_takes_on_the_style(builtin: GatysGenerator) -> None:
    told: list[float] = []
    request = StyleRequest(CONTENT, STYLE, options=SHORT | {"steps": "15+25"})
    picture = builtin.generate(request, progress=lambda fraction, what: told.append(fraction))
    assert picture.image.shape == CONTENT.shape
    assert picture.image.dtype == np.uint8
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) >= 40
    before, after = (style_error(judge(builtin), image, STYLE) for image in (CONTENT, picture.image))
    assert after < 0.2 * before


def test_the_same_request_and_seed_make_the_same_picture(builtin: GatysGenerator) -> None:
    request = StyleRequest(CONTENT, STYLE, options=SHORT | {"start": "noise"})
    first, again, other = (builtin.generate(request, seed=seed).image for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_strength_the_content_stays_as_it_is(builtin: GatysGenerator) -> None:
    picture = builtin.generate(StyleRequest(CONTENT, STYLE, strength=0, options=SHORT))
    assert np.array_equal(picture.image, CONTENT)
    assert picture.image is not CONTENT


def test_the_weaker_the_nearer_to_the_content(builtin: GatysGenerator) -> None:
    distances = []
    for strength in (0.01, 0.3, 1.0):
        image = builtin.generate(StyleRequest(CONTENT, STYLE, strength=strength, options=SHORT | {"steps": "25"})).image
        distances.append(np.abs(image.astype(float) - CONTENT).mean())
    assert distances[0] < 4
    assert distances[0] < distances[1] < distances[2]


@pytest.mark.parametrize(
    "options", [{"pooling": "max"}, {"layers": "2"}, {"start": "noise"}, {"content_layer": "conv4_2"}]
)
def test_every_option_makes_another_picture(options: dict[str, str], builtin: GatysGenerator) -> None:
    usual, other = (
        builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT | extra)).image for extra in ({}, options)
    )
    assert other.shape == CONTENT.shape
    assert not np.array_equal(usual, other)


def test_regions_are_styled_each_on_its_own_or_left_as_they_are(builtin: GatysGenerator) -> None:
    content, style = np.zeros(CONTENT.shape[:2], np.uint8), np.full(STYLE.shape[:2], 5, np.uint8)
    content[:, 40:], style[48:] = 9, 6
    options = SHORT | {"steps": "20"}
    labelled = StyleRequest(CONTENT, STYLE, content, style, {0: 5, 9: 6}, options=options)
    both = builtin.generate(labelled).image
    swapped = builtin.generate(replace(labelled, pairs={0: 6, 9: 5})).image
    one = builtin.generate(replace(labelled, pairs={0: 5, 9: None}))
    assert not np.array_equal(both, swapped)
    assert np.array_equal(one.image[:, 40:], CONTENT[:, 40:])
    assert not np.array_equal(one.image[:, :40], CONTENT[:, :40])
    means = [[half.mean() for half in (image[:, :40], image[:, 40:])] for image in (both, swapped)]
    sky, ground = STYLE[:48].mean(), STYLE[48:].mean()
    assert np.sign(means[0][0] - means[1][0]) == np.sign(sky - ground)  # the left took on the sky, then the ground
    assert np.sign(means[0][1] - means[1][1]) == np.sign(ground - sky)


def test_regions_that_the_style_has_not_are_told(builtin: GatysGenerator) -> None:
    content, style = np.zeros(CONTENT.shape[:2], np.uint8), np.ones(STYLE.shape[:2], np.uint8)
    picture = builtin.generate(StyleRequest(CONTENT, STYLE, content, style, options=SHORT))
    assert np.array_equal(picture.image, CONTENT)
    assert "the style picture has no region for them: 0." in picture.notes[0]


# ------------------------------------------------------------------------------------------------------------- texture


def test_a_texture_has_its_size_and_the_examples_statistics(builtin: GatysGenerator) -> None:
    request = TextureRequest(STYLE, (72, 90), options=SHORT | {"steps": "20+30"})
    picture = builtin.generate(request, seed=3)
    assert picture.image.shape == (72, 90, 3)
    noise = np.random.default_rng(0).integers(0, 256, (72, 90, 3), dtype=np.uint8)
    assert style_error(judge(builtin), picture.image, STYLE) < 0.1 * style_error(judge(builtin), noise, STYLE)
    assert not np.array_equal(picture.image, builtin.generate(request, seed=4).image)


def test_fewer_layers_are_another_texture(builtin: GatysGenerator) -> None:
    request = TextureRequest(STYLE, (48, 48), options=SHORT)
    deep, shallow = (builtin.generate(replace(request, options=SHORT | {"layers": n})).image for n in "51")
    assert not np.array_equal(deep, shallow)


# ------------------------------------------------------------------------------------- previews, cancelling, time, size


def test_cancelling_stops_at_an_evaluation(builtin: GatysGenerator) -> None:
    told: list[str] = []

    def progress(fraction: float, what: str) -> None:
        told.append(what)
        if what.startswith("step 5 "):
            raise Cancelled

    with pytest.raises(Cancelled):
        builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT), progress=progress)
    assert told[-1] == "step 5 of 14"
    assert builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT)).image.shape == CONTENT.shape


def test_previews_are_pictures_of_the_final_size(builtin: GatysGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.style.gatys.PREVIEW_SECONDS", 0.0)
    shown: list[np.ndarray] = []
    quiet = builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT)).image
    picture = builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT), preview=shown.append)
    assert len(shown) == 14
    assert {(image.shape, image.dtype.name) for image in shown} == {(CONTENT.shape, "uint8")}
    assert np.array_equal(shown[-1], picture.image)
    assert np.array_equal(quiet, picture.image)


def test_when_its_time_is_over_the_picture_tells_how_to_make_it_again(builtin: GatysGenerator) -> None:
    options = {"steps": "2000+2000", "seconds": "1", "start": "noise"}
    picture = builtin.generate(StyleRequest(STYLE, CONTENT, options=options), seed=2)
    coarse, fine = map(int, picture.options["steps"].split("+"))
    assert 0 < coarse < 2000
    assert 0 < fine < 2000
    assert picture.options["seconds"] == "unlimited"
    assert f"steps {coarse}+{fine} and seconds unlimited make the same picture again." in picture.notes[0]
    assert_made_again(builtin, picture)


def assert_made_again(made: GatysGenerator, picture: Picture) -> None:
    assert isinstance(picture.request, StyleRequest)
    again = made.generate(replace(picture.request, options=picture.options), seed=picture.seed)
    assert np.array_equal(again.image, picture.image)
    assert again.options == picture.options
    assert again.notes == ()


def test_scales_without_steps_are_passed_over(builtin: GatysGenerator) -> None:
    picture = builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT | {"steps": "0+0+0"}))
    assert np.abs(picture.image.astype(int) - CONTENT).mean() < 25  # the content, from a quarter of its size
    assert picture.options["steps"] == "0+0+0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "2001"),
        ("steps", "10+"),
        ("steps", "1+1+1+1+1"),
        ("steps", "-5"),
        ("steps", "007"),
        ("seconds", "0"),
        ("seconds", "3601"),
        ("seconds", "1e9"),
        ("pooling", "median"),
        ("layers", "6"),
    ],
)
def test_options_out_of_bounds_are_refused(name: str, value: str, builtin: GatysGenerator) -> None:
    with pytest.raises(RequestError, match=f"Option {name} of a-vgg is '{value[:1]}.*; it accepts "):
        builtin.generate(StyleRequest(CONTENT, STYLE, options={name: value}))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (
            StyleRequest(np.zeros((1025, 1024, 3), np.uint8), STYLE),
            "The content picture is 1024x1025; a-vgg makes at most 1048576 pixels, such as 1024x1024.",
        ),
        (StyleRequest(CONTENT[:15], STYLE), "The content picture is 83x15; a-vgg takes at least 16 pixels a side"),
        (StyleRequest(CONTENT, STYLE[:, :9]), "The style picture is 9x96; a-vgg takes at least 16 pixels a side"),
        (TextureRequest(STYLE, (2048, 513)), f"size is 2048x513 .height x width.; a-vgg makes at most {MAX_PIXELS} "),
        (TextureRequest(STYLE[:4], (64, 64)), "The example is 70x4; a-vgg takes at least 16"),
    ],
)
def test_sizes_that_cannot_be_made_are_refused_before_any_work(
    request_: StyleRequest | TextureRequest, reason: str, builtin: GatysGenerator
) -> None:
    told: list[str] = []
    with pytest.raises(RequestError, match=reason):
        builtin.generate(request_, progress=lambda fraction, what: told.append(what))
    assert told == []


def test_the_smallest_pictures_are_made(builtin: GatysGenerator) -> None:
    small = StyleRequest(CONTENT[:16, :16], STYLE[:16, :16], options=SHORT | {"steps": "2+2+2+2"})
    assert builtin.generate(small).image.shape == (16, 16, 3)


# ------------------------------------------------------------------------------------------------------------ networks


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_no_gradients_of_weights_are_computed(pooling: str, builtin: GatysGenerator) -> None:
    builtin.generate(StyleRequest(CONTENT, STYLE, options=SHORT | {"steps": "2", "pooling": pooling}))
    for network in builtin._networks.values():
        assert not network.training
        assert all(not each.requires_grad and each.grad is None for each in network.parameters())


def test_the_loss_is_the_papers_with_the_additions_that_are_told(builtin: GatysGenerator) -> None:
    style, picture = to_tensor(STYLE, CPU), to_tensor(CONTENT, CPU)
    network = judge(builtin)
    with torch.no_grad():
        looks = Looks.of(responses(network, style, STYLE_LAYERS), WHOLE)
        layers = float(looks.error(responses(network, picture, STYLE_LAYERS)))
        pixels, others = picture[0].flatten(1) + 1, style[0].flatten(1) + 1
        grams = [values @ values.T / values.shape[1] for values in (pixels, others)]
        colours = float((grams[0] - grams[1]).square().sum()) / (4 * 3**2)
        task = _Task(style, STYLE_LAYERS, WHOLE)
        found = float(builtin._objective(task, (60, 83), 1, network)(picture))
        assert found == pytest.approx(layers + 0.2 * colours, rel=1e-5)
        started = _Task(style, STYLE_LAYERS, WHOLE, torch.zeros_like(picture), "conv2_2", 0.01)
        wanted, is_now = (responses(network, one, ["conv2_2"])["conv2_2"] for one in (picture * 0, picture))
        moved = float((is_now - wanted).square().sum()) / 2 / (30 * 41)
        grain = sum(float(picture.diff(dim=axis).square().mean()) for axis in (2, 3))
        found = float(builtin._objective(started, (60, 83), 1, network)(picture))
        assert found == pytest.approx(layers + 0.2 * colours + 0.01 * moved + 0.05 * grain, rel=1e-4)


def test_networks_of_imagenet_are_run_by_the_same_code(imagenet: GatysGenerator) -> None:
    request = StyleRequest(CONTENT, STYLE, options=SHORT | {"steps": "15"})
    assert not np.array_equal(imagenet.generate(request).image, CONTENT)
    texture = TextureRequest(STYLE, (40, 56), options=SHORT)
    assert imagenet.generate(texture).image.shape == (40, 56, 3)


def test_pictures_come_to_a_network_of_imagenet_by_its_mean_and_deviation(imagenet: GatysGenerator) -> None:
    grey = np.full((1, 1, 3), (124, 116, 104), np.uint8)  # nearly the mean
    assert imagenet._as_read(to_tensor(grey, CPU)).abs().max() < 0.02
    white = imagenet._as_read(torch.ones(1, 3, 1, 1)).flatten()
    assert torch.allclose(white, torch.tensor([2.2489, 2.4286, 2.6400]), atol=1e-3)


def test_the_card_tells_both_tasks_and_the_weights_are_held_once(builtin: GatysGenerator, tmp_path: Path) -> None:
    assert builtin.card.tasks == ("style", "texture")
    average, largest = (network.state_dict() for network in builtin._networks.values())
    assert all(average[name].data_ptr() == largest[name].data_ptr() for name in average)
    assert builtin.memory_bytes() == 4 * sum(parameter.numel() for parameter in VGG19(0.25).parameters())
