"""From a layout to a canvas: what is moved, what is asked for, and how choices reach the canvas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_sims import THETA, bank_files, scene

from sims.generator import Run, silent
from sims.label_space import label_space
from sims.layout import Layout
from sims.memory.bank import Bank
from sims.memory.bank_builder import build_bank
from sims.memory.bank_sources import Choices, FolderSource
from sims.memory.canvas import Piece
from sims.memory.composition import Composer, Composition
from sims.memory.elision import Faithful
from sims.memory.order import OrderNetwork
from sims.memory.rules import roles
from sims.memory.segments import Segment, segments_of
from sims.memory.transform import TransformNetwork, warp
from sims.spade_layout import one_hot

STREET = label_space("street")
OPTIONS = {"variety": "best", "rules": "paper", "candidates": ""}
CPU = torch.device("cpu")


class Counting(torch.nn.Module):
    """An ordering network that answers with one class, whatever it is asked, and keeps the questions."""

    def __init__(self, front: int):
        super().__init__()
        self.front, self.asked = front, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.asked.append(x[0].permute(1, 2, 0).mul(255).round().byte().numpy())
        return torch.nn.functional.one_hot(torch.tensor([self.front + 1]), 20).float()


def composer(bank: Path, transform: TransformNetwork | None = None, order: torch.nn.Module | None = None) -> Composer:
    assert order is None or isinstance(order, (OrderNetwork, Counting))
    return Composer(Bank.open(bank), transform, order, 256, 300, 0.016, CPU)  # type: ignore[arg-type]


@torch.inference_mode()
def composed(composition: Composition, seed: int = 0, **options: str) -> tuple[np.ndarray, np.ndarray]:
    """The canvas and the adapted layout."""
    found = composition.compose(OPTIONS | options, Run(seed, silent, ("transform", "compose")))
    return found.canvas, found.adapted.ids


def large_of(layout: Layout) -> list[Segment]:
    return segments_of(layout.ids, 19, roles("street").thin, 300)


def test_segments_come_back_to_front_and_all_of_them(street_bank: Path) -> None:
    at = composer(street_bank)
    found = at.begin(scene())
    names = [STREET.by_id[segment.channel].name for segment in found.large]
    assert names == ["sky", "building", "road", "vegetation", "car"]
    assert {(each.channel, each.page, each.area) for each in found.large} == {
        (each.channel, each.page, each.area) for each in large_of(scene())
    }
    small = [each for each in found.painted if not isinstance(each, Segment)]
    assert [(each.channel, int(each.mask.sum())) for each in small] == [(11, 15)]
    assert sum(int(each.mask.sum()) for each in found.painted) == (scene().ids != 19).sum()


def test_small_segments_are_painted_in_their_turn(street_bank: Path) -> None:
    """Merged as they are: of a class those before a large one are covered by it, those after cover it."""
    ids = np.full((256, 512), 10, np.uint8)
    ids[100:110, 100:110] = ids[120:130, 100:110] = 13  # columns decide which comes first
    ids[100:180, 150:300] = 13
    ids[110:120, 320:330] = 13
    painted = composer(street_bank).begin(Layout(ids, STREET)).painted
    assert [(each.channel, int(each.mask.sum())) for each in painted] == [
        *((10, 256 * 512 - 12300), (13, 200), (13, 12000), (13, 100))
    ]


def test_a_segment_is_moved_as_the_network_says(street_bank: Path) -> None:
    network = TransformNetwork(1 / 64).eval()
    network.g_b_fc1.data = torch.tensor(THETA)
    at = composer(street_bank, network)
    tile = at.bank.tile(at.bank.of_channel(13)[0], 256)
    query = np.zeros((256, 512), bool)
    layout = one_hot(torch.from_numpy(scene().ids.astype(np.int64))[None], 20)
    with torch.inference_mode():
        paper, released = (at.moved(tile, query, layout, faithful) for faithful in ("paper", "released"))
        picture = torch.from_numpy(tile).permute(2, 0, 1)[None].float() / 255
        wanted = (warp(picture, torch.tensor([THETA]))[0] * 255).permute(1, 2, 0).numpy()
    assert paper is not None
    assert released is not None
    assert np.abs(paper - wanted).max() < 1 + 1e-3  # values are cut off
    assert (paper <= wanted + 1e-3).all()
    assert np.array_equal(released[3:-1, :-5], tile[:-4, 4:-1])  # theta is rounded: 4 pixels to the left, 3 down
    assert at.moved(tile, query, layout, "paper").any()  # type: ignore[union-attr]
    assert composer(street_bank).moved(tile, query, layout, "paper") is None


def test_the_order_is_asked_only_where_a_piece_covers_another_of_another_class(street_bank: Path) -> None:
    ids = np.full((256, 512), 19, np.uint8)
    ids[150:, :] = 0
    ids[160:220, 100:200] = ids[160:220, 300:420] = 13
    layout = Layout(ids, STREET)
    order = Counting(front=0)
    at = composer(street_bank, None, order)
    found = at.begin(layout)
    composed(found)
    road, *cars = found.large
    assert len(cars) == 2
    pictures = [at.bank.tile(found.found[each.channel, each.page][0].index, 256).any(2) for each in found.large]
    covering = [number for number in (1, 2) if (pictures[0] & pictures[number]).any()]
    assert len(order.asked) == len(covering) > 0
    for number, asked in zip(covering, order.asked, strict=True):
        car = found.large[number]
        assert np.array_equal(asked[..., 3:], layout.colours())
        both = road.mask | car.mask
        assert np.array_equal(asked[..., :3], np.where(both[..., None], layout.colours(), 0))
    composed(found, seed=1)
    assert len(order.asked) == len(covering)  # nothing is asked twice


@pytest.mark.parametrize("front", [0, 13])
def test_who_is_in_front_keeps_its_pixels(front: int, street_bank: Path) -> None:
    ids = np.full((256, 512), 0, np.uint8)
    ids[:60] = 19
    ids[140:220, 200:320] = 13
    layout = Layout(ids, STREET)
    at = composer(street_bank, None, Counting(front))
    found = at.begin(layout)
    _, adapted = composed(found)
    tiles = [at.bank.tile(found.found[each.channel, each.page][0].index, 256).any(2) for each in found.large]
    both = tiles[0] & tiles[1]
    assert both.any()
    query = ids == 13
    # The layout is void under a query before its piece is laid, so what the road keeps there is void, not road.
    assert (adapted[both & ~query] == front).all()
    if front == 13:
        assert (adapted[tiles[1]] == 13).all()


def test_white_pixels_depend_on_the_seed_and_on_their_own_piece(street_bank: Path) -> None:
    at = composer(street_bank)
    found = at.begin(scene())
    first, _ = composed(found)
    again, _ = composed(found)
    other, _ = composed(found, seed=1)
    assert np.array_equal(first, again)
    assert ((first == 255).all(2) != (other == 255).all(2)).any()
    changed, _ = composed(found, candidates="1:3")
    pieces = at.bank.tile(found.found[10, 1][0].index, 256).any(2) | at.bank.tile(found.found[10, 1][3].index, 256).any(
        2
    )
    untouched = ~pieces
    assert np.array_equal(first[200:][untouched[200:]], changed[200:][untouched[200:]])
    assert (first[200:] == 255).all(2).any() or (first[:200] == 255).all(2).any()


def test_the_entries_of_a_canvas_are_pieces_and_rejected_masks(street_bank: Path) -> None:
    at = composer(street_bank)
    found = at.begin(scene())
    chosen = dict.fromkeys(found.found, 0)
    with torch.inference_mode():
        pieces: Mapping[tuple[int, int], Piece] = found._pieces(chosen)
    assert len(pieces) == 5
    for segment in found.large:
        piece = pieces[segment.channel, segment.page]
        assert np.array_equal(piece.query, segment.mask)
        assert (piece.source_channels is not None) == (segment.channel == 0)  # only of the ground it is looked at
        if piece.source_channels is not None:
            assert (piece.source_channels[piece.picture.any(2)] == segment.channel).all()


class Scores(torch.nn.Module):
    """An ordering network that gives the same logits to every pair."""

    def __init__(self, **logits: float):
        super().__init__()
        self.logits = torch.zeros(1, 20)
        for output, value in logits.items():
            self.logits[0, int(output[1:])] = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits


@pytest.mark.parametrize(
    ("scores", "paper", "released"),
    [
        (Scores(_1=2.0, _14=3.0), 13, 13),
        (Scores(_1=2.0, _14=1.0, _3=9.0), 0, 2),  # neither of the two
        (Scores(_0=5.0, _14=1.0), 13, -1),  # no pair
    ],
)
def test_the_released_order_may_name_neither(scores: Scores, paper: int, released: int, street_bank: Path) -> None:
    at = Composer(Bank.open(street_bank), None, scores, 256, 300, 0.016, CPU)  # type: ignore[arg-type]
    picture = np.zeros((256, 512, 3), np.uint8)
    assert at.front(picture, picture, (0, 13), "paper") == paper
    assert at.front(picture, picture, (0, 13), "released") == released


@pytest.mark.parametrize("faithful", ["paper", "released"])
def test_small_pairs_are_not_asked_about(faithful: Faithful, street_bank: Path) -> None:
    ids = np.full((256, 512), 0, np.uint8)
    ids[150:180, 100:130] = 13  # 900 pixels: a large segment here, and none that the network learnt from
    ids[150:200, 200:300] = 13
    order = Counting(front=0)
    found = composer(street_bank, None, order).begin(Layout(ids, STREET), faithful)
    pages = {segment.area: segment.page for segment in found.large if segment.channel == 13}
    assert set(pages) == {900, 5000}
    with pytest.raises(KeyError), torch.inference_mode():
        found._fronts[1, pages[900], 0, 13]
    with torch.inference_mode():
        assert found._fronts[1, pages[5000], 0, 13] == 0
    assert len(order.asked) == 1


def test_at_1024_the_released_segments_stay_where_they_were(street_bank: Path) -> None:
    tile = np.full((1024, 2048, 3), 9, np.uint8)
    query, layout = np.ones((1024, 2048), bool), torch.zeros(1, 20, 1024, 2048)
    at = Composer(Bank.open(street_bank), TransformNetwork(1 / 64).eval(), None, 1024, 300, 0.016, CPU)
    with torch.inference_mode():
        assert at.moved(tile, query, layout, "released") is None
        assert at.moved(tile, query, layout, "paper") is not None


def test_a_black_candidate_is_none(tmp_path: Path) -> None:
    """It has no shape: its segment stays what the layout says, and its class is told."""
    own = bank_files(tmp_path, frames=("000000", "000011"))
    for path in list((own / "images").iterdir()):
        labels = np.array(Image.open(own / "labels" / f"{path.stem}.png"))
        picture = np.array(Image.open(path)) * (labels != 2)[..., None]
        path.unlink()
        Image.fromarray(picture).save(path.with_suffix(".png"))
    choices = Choices(lossless=True)
    source = FolderSource(own / "images", own / "labels", choices)
    build_bank(source, tmp_path / "bank", choices, licence="", origin="", progress=lambda fraction, what: None)
    layout = scene()
    begun = composer(tmp_path / "bank", None).begin(layout)
    with torch.inference_mode():
        found = begun.compose(OPTIONS, Run(0, silent, ("transform", "compose")))
    assert "building" in found.missing
    building = found.segments[1]
    assert (building.name, building.chosen, building.place, building.piece.any()) == ("building", 0, 0, False)
    assert found.segments[2].place == 2  # the road follows the sky
    inside = found.adapted.ids[layout.ids == 2]
    assert (inside != 19).all()
    assert (inside == 2).any()
