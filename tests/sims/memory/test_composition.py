"""From a layout to a canvas: what is moved, what is asked for, and how choices reach the canvas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from small_sims import THETA, scene

from sims.generator import Run, silent
from sims.label_space import label_space
from sims.layout import Layout
from sims.memory.bank import Bank
from sims.memory.canvas import Piece
from sims.memory.composition import Composer, Composition
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
def composed(at: Composer, composition: Composition, seed: int = 0, **options: str) -> tuple[np.ndarray, np.ndarray]:
    """The canvas and the adapted layout."""
    run = Run(seed, silent, ("transform", "compose"))
    found = composition.compose(at, OPTIONS | options, run)
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
    composed(at, found)
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
    composed(at, found, seed=1)
    assert len(order.asked) == len(covering)  # nothing is asked twice


@pytest.mark.parametrize("front", [0, 13])
def test_who_is_in_front_keeps_its_pixels(front: int, street_bank: Path) -> None:
    ids = np.full((256, 512), 0, np.uint8)
    ids[:60] = 19
    ids[140:220, 200:320] = 13
    layout = Layout(ids, STREET)
    at = composer(street_bank, None, Counting(front))
    found = at.begin(layout)
    _, adapted = composed(at, found)
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
    first, _ = composed(at, found)
    again, _ = composed(at, found)
    other, _ = composed(at, found, seed=1)
    assert np.array_equal(first, again)
    assert ((first == 255).all(2) != (other == 255).all(2)).any()
    changed, _ = composed(at, found, candidates="1:3")
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
        pieces: Mapping[tuple[int, int], Piece] = found._pieces(at, chosen, "paper")
    assert len(pieces) == 5
    for segment in found.large:
        piece = pieces[segment.channel, segment.page]
        assert np.array_equal(piece.query, segment.mask)
        assert piece.source_channels is not None
        covered = piece.picture.any(2)
        assert (piece.source_channels[covered] == segment.channel).all()
