"""Retrieval against the published search, and against comparing with every segment as the score is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sims.memory.bank import Bank
from sims.memory.bank_builder import build_bank
from sims.memory.bank_file import BOX, BankError
from sims.memory.bank_sources import Choices, SourceFrame, WorldSource, packed_layout
from sims.memory.retrieval import Candidate, retrieve, retrieve_all, retrieve_released
from sims.memory.rules import roles
from sims.memory.segments import Segment, segments_of
from sims.world import World

GOLDEN = Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_retrieval" / "tensors.safetensors"
BUILTIN = Path(__file__).parents[3] / "zoo" / "builtin" / "bank-street"
THIN = roles("street").thin
VOID = 19


class Layouts:
    """A source of frames that are layouts only."""

    kind = "own"

    def __init__(self, channels: np.ndarray) -> None:
        self.names = tuple(f"layout {number}" for number in range(len(channels)))
        self._channels = channels

    def key(self, frame: int) -> str:
        return str(frame)

    def read(self, frame: int) -> SourceFrame:
        return SourceFrame(self._channels[frame], {"pictures": b"", "labels": packed_layout(self._channels[frame])})


def _bank(folder: Path, channels: np.ndarray, minimum_area: int = 0) -> Bank:
    choices = Choices(size=channels.shape[1:], minimum_area=minimum_area)
    build_bank(Layouts(channels), folder, choices, licence="", origin="", progress=lambda fraction, what: None)
    return Bank.open(folder)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    stored = load_file(GOLDEN)
    for name in ("train_ids", "test_ids"):
        stored[name] = ((stored[name] + VOID) % (VOID + 1)).astype(np.uint8)  # MATLAB's 1..19 and 0 for void
    return stored


@pytest.fixture(scope="module")
def golden_bank(golden: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return _bank(tmp_path_factory.mktemp("banks") / "bank", golden["train_ids"])


def _queries(golden: dict[str, np.ndarray]) -> dict[tuple[int, int, int], Segment]:
    """The segments of the test images, by image, class and page, as MATLAB numbers them."""
    return {
        (image, segment.channel + 1, segment.page): segment
        for image, channels in enumerate(golden["test_ids"])
        for segment in segments_of(channels, VOID, THIN)
    }


def test_scores_are_those_of_the_paper(golden: dict[str, np.ndarray], golden_bank: Bank) -> None:
    queries = _queries(golden)
    wanted: dict[tuple[int, int, int], dict[tuple[int, int], tuple[float, float]]] = {}
    for image, label, page, frame, there, mask_iou, context_iou in golden["paper_scores"].tolist():
        wanted.setdefault((int(image), int(label), int(page)), {})[int(frame), int(there)] = (mask_iou, context_iou)
    assert wanted.keys() == queries.keys()
    for key, scores in wanted.items():
        found = retrieve(golden_bank, queries[key], golden["test_ids"][key[0]], k=100)
        rows = golden_bank.segments[[candidate.index for candidate in found]]
        assert {
            (int(row["frame"]), int(row["page"])): (candidate.mask_iou, candidate.context_iou)
            for row, candidate in zip(rows, found, strict=True)
        } == scores


def test_slots_are_those_of_the_released_search(golden: dict[str, np.ndarray], golden_bank: Bank) -> None:
    queries, filled = _queries(golden), 0
    for key, scores, sources in zip(
        golden["query"].tolist(), golden["slots_score"], golden["slots_source"].tolist(), strict=True
    ):
        if tuple(key) not in queries or queries[tuple(key)].area <= 20:
            assert not scores.any()
            continue
        slots = retrieve_released(golden_bank, queries[tuple(key)])
        for slot, score, (frame, page) in zip(slots, scores, sources, strict=True):
            assert (slot is None) == (frame < 0)
            if slot is not None:
                assert slot.mask_iou == pytest.approx(score, abs=1e-7)
                row = golden_bank.segments[slot.index]
                assert (row["frame"], row["page"]) == (frame, page + 1)
                filled += 1
    assert filled > 30


def test_the_released_search_keeps_the_last_and_not_the_best(tmp_path: Path) -> None:
    car = 13
    layout = np.full((1, 32, 64), VOID, np.uint8)
    layout[0, 4:12, 4:20], layout[0, 20:24, 4:20] = car, car  # the second comes later and fits worse
    bank = _bank(tmp_path / "bank", layout)
    query = np.full((32, 64), VOID, np.uint8)
    query[4:22, 4:20] = car
    [segment] = segments_of(query, VOID, THIN)
    areas = [int(bank.segments["area"][slot.index]) for slot in retrieve_released(bank, segment, 2) if slot is not None]
    assert areas == [64]
    assert bank.segments["area"][retrieve(bank, segment, query, 1)[0].index] == 128


def _plain(bank: Bank, segment: Segment, channels: np.ndarray) -> list[Candidate]:
    """Every candidate of the class in full, with one-hot layouts in boxes grown by an eighth on each side."""

    def context(layout: np.ndarray, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        high, wide = (bottom - top) / 8, (right - left) / 8
        rows = slice(max(0, int(np.floor(top - high))), int(np.ceil(bottom + high)))
        columns = slice(max(0, int(np.floor(left - wide))), int(np.ceil(right + wide)))
        inside = np.full(layout.shape, VOID, np.uint8)
        inside[rows, columns] = layout[rows, columns]
        return inside[None] == np.arange(VOID, dtype=np.uint8)[:, None, None]

    here, found = context(channels, *segment.box), []
    for number in bank.of_channel(segment.channel):
        row, mask = bank.segments[number], bank.mask(number)
        there = context(bank.labels(row["frame"]), *(int(row[name]) for name in BOX))
        mask_iou = (mask & segment.mask).sum() / (mask | segment.mask).sum()
        found.append(Candidate(number, float(mask_iou), float((here & there).sum() / (here | there).sum())))
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.index))


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, np.ndarray]:
    """A bank of 24 frames of the world at a quarter of their size, one of them twice, and the layouts of four more."""
    choices = Choices(size=(64, 128))
    source = WorldSource(Choices())
    small = np.stack([source.read(20 * number).channels[::4, ::4] for number in range(28)])
    bank = _bank(tmp_path_factory.mktemp("banks") / "bank", np.concatenate([small[:24], small[:1]]), 8)
    assert bank.size == choices.size
    return bank, small[23:]


def test_search_finds_what_comparing_with_all_finds(street: tuple[Bank, np.ndarray]) -> None:
    bank, layouts = street
    compared = 0
    for channels in layouts:
        segments = segments_of(channels, VOID, THIN, 15)
        for segment, found in zip(segments, retrieve_all(bank, segments, channels), strict=True):
            assert found == _plain(bank, segment, channels)[:10]
            compared += 1
    assert compared > 60


@pytest.mark.parametrize(("k", "place"), [(10, 9), (2, 3), (1, 0)])
def test_the_best_of_those_that_fit_are_found(street: tuple[Bank, np.ndarray], k: int, place: int) -> None:
    bank, layouts = street
    gained = 0
    for channels in layouts:
        for segment in segments_of(channels, VOID, THIN, 15):
            everything = _plain(bank, segment, channels)
            ious = sorted((candidate.mask_iou for candidate in everything), reverse=True)
            least = ious[min(place, len(ious) - 1)]
            [found] = retrieve_all(bank, [segment], channels, k, least=least)
            assert found == [candidate for candidate in everything if candidate.mask_iou >= least][:k]
            gained += not set(found) <= set(everything[:k])
    assert gained


def test_equals_come_by_their_numbers_and_a_frame_can_be_left_out(street: tuple[Bank, np.ndarray]) -> None:
    bank, _ = street
    channels = bank.labels(0)  # and of frame 24
    segment = max(segments_of(channels, VOID, THIN), key=lambda each: each.area)
    first, second = retrieve(bank, segment, channels, 2)
    assert (first.score, second.score) == (2.0, 2.0)
    assert bank.segments["frame"][[first.index, second.index]].tolist() == [0, 24]
    assert [bank.segments["frame"][c.index] for c in retrieve(bank, segment, channels, 1, exclude=0)] == [24]
    everything = retrieve(bank, segment, channels, 10_000, exclude=24)
    assert [c for c in _plain(bank, segment, channels) if bank.segments["frame"][c.index] != 24] == everything


def test_a_class_without_segments_has_no_candidates(tmp_path: Path) -> None:
    layout = np.full((1, 32, 64), VOID, np.uint8)
    layout[0, 10:20, 10:20] = 13
    bank = _bank(tmp_path / "bank", layout)
    query = np.full((32, 64), 10, np.uint8)
    [segment] = segments_of(query, VOID, THIN)
    assert retrieve(bank, segment, query) == []
    assert retrieve_released(bank, segment) == [None] * 10
    assert retrieve(bank, *segments_of(layout[0], VOID, THIN), layout[0], k=0) == []


@pytest.mark.parametrize(
    "channels", [np.zeros((64, 32), np.uint8), np.zeros((32, 64), np.int64), np.full((32, 64), 20, np.uint8)]
)
def test_a_layout_of_another_size_or_space_is_refused(golden_bank: Bank, channels: np.ndarray) -> None:
    segment = segments_of(golden_bank.labels(0), VOID, THIN)[0]
    with pytest.raises(BankError, match=r"this bank compares channels of the street space, uint8 \(32, 64\)\."):
        retrieve(golden_bank, segment, channels)


def test_the_built_in_bank_finds_a_frame_of_its_own(tmp_path: Path) -> None:
    bank = Bank.open(shutil.copytree(BUILTIN, tmp_path / "bank"))
    channels = World().read("street", bank.frame_name(3)).labels
    for segment in segments_of(channels, VOID, THIN, 1000):
        [best] = retrieve(bank, segment, channels, 1)
        assert (bank.segments["frame"][best.index], best.score) == (3, 2.0)
        assert np.array_equal(bank.mask(best.index), segment.mask)
