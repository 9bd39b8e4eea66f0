"""SPADE+PIS: stations, regions by class, found and given layouts, any layout generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sims.generator import Generator, LayoutRequest, RequestError, StyleRequest, silent
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.provenance import picture_png, read_recipe
from sims.segmentation import segment
from sims.style.layout_chain import Chained, restyle_layout, segmenters_space
from sims.world import World

STYLE = World().read("street", World().frames("street", "held_out")[0].number)
OPTIONS = {"smoothing": "fast", "post_filter": "off"}


def street() -> Layout:
    ids = np.full((64, 128), label_space("street").id_of("road"), np.uint8)
    ids[:30] = label_space("street").id_of("sky")
    ids[30:40, 20:60] = label_space("street").id_of("building")
    return Layout(ids, label_space("street"))


@pytest.fixture(scope="module")
def stylist(tiny_photo_wct: Path) -> Generator:
    return load(tiny_photo_wct)


def chained(generator: Generator, stylist: Generator, layout: Layout, style_layout: Layout | None = None) -> Chained:
    request = LayoutRequest(layout)
    return restyle_layout(
        generator, stylist, request, STYLE.picture, style_layout, seed=3, options=OPTIONS, progress=silent
    )


def test_every_station_is_timed_and_the_found_layout_divides_the_style(tiny_spade: Path, stylist: Generator) -> None:
    generator = load(tiny_spade)
    made = chained(generator, stylist, street())
    assert made.picture.image.shape == made.before.image.shape
    assert list(made.stations) == [
        generator.card.title,
        "layout of the style picture",
        *(f"{stylist.card.title}: {stage}" for stage in ("look at the style", "stylise", "smooth")),
    ]
    assert (made.style_layout.ids == segment(STYLE.picture, "street").ids).all()
    again = generator.generate(LayoutRequest(street()), seed=3)
    assert (made.before.image == again.image).all()


def test_a_given_layout_of_the_style_is_taken(tiny_spade: Path, stylist: Generator) -> None:
    known = Layout(STYLE.labels, label_space("street"))
    made = chained(load(tiny_spade), stylist, street(), known)
    assert made.style_layout is known
    assert "layout of the style picture" not in made.stations
    assert (made.picture.request.style_labels == known.ids).all()  # type: ignore[union-attr]
    halved = Layout(np.full((64, 64), label_space("street").id_of("road"), np.uint8), label_space("street"))
    left = chained(load(tiny_spade), stylist, street(), halved)
    assert any("sky" in note and "building" in note for note in left.picture.notes)


def test_any_layout_generator_stands_in_spades_place(tiny_pix2pix: Path, stylist: Generator) -> None:
    ids = np.full((64, 64), label_space("landscape").id_of("grass"), np.uint8)
    made = chained(load(tiny_pix2pix), stylist, Layout(ids, label_space("landscape")))
    assert made.style_layout.space.name == "landscape"
    assert made.picture.image.shape == (128, 128, 3)


def test_a_layout_of_another_space_goes_to_the_segmenters(tiny_spade: Path, stylist: Generator) -> None:
    cityscapes = street().to_space("cityscapes").layout
    assert segmenters_space(cityscapes) == "street"
    made = chained(load(tiny_spade), stylist, cityscapes)
    assert made.style_layout.space.name == "street"


def test_the_recipe_tells_what_made_the_content(tiny_spade: Path, stylist: Generator) -> None:
    generator = load(tiny_spade)
    request = LayoutRequest(street(), options={"style_sampling": "draw"})
    made = restyle_layout(generator, stylist, request, STYLE.picture, seed=3, options=OPTIONS, progress=silent)
    origin = f"tiny-spade, revision {generator.card.revision[:12]}, seed 3, style_sampling draw"
    read = read_recipe(picture_png(made.picture)).request
    assert isinstance(read, StyleRequest)
    assert read.content_origin == origin
    assert (read.content == made.before.image).all()
    assert stylist.generate(read).notes[0] == f"The content picture was made by {origin}."
    assert made.picture.notes.count(f"The content picture was made by {origin}.") == 1


def test_what_does_not_work_from_layouts_is_refused(stylist: Generator) -> None:
    with pytest.raises(RequestError, match="does not work from layouts; name a layout generator"):
        chained(stylist, stylist, street())
