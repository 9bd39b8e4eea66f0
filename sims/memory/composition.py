"""From a layout to its canvas: what was found for every segment, moved, ordered and laid over each other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sims.generator import RequestError, Run
from sims.kept import Kept
from sims.label_space import LabelSpace
from sims.layout import Layout
from sims.memory.bank import Bank
from sims.memory.canvas import Piece, Rejected, compose
from sims.memory.elision import Elision, Faithful
from sims.memory.order import OrderNetwork
from sims.memory.order_data import pair_picture
from sims.memory.retrieval import Candidate, retrieve_all, retrieve_released
from sims.memory.rules import Roles, roles
from sims.memory.segments import Segment, each_segment
from sims.memory.stages import Found, StageSegment
from sims.memory.transform import TransformNetwork, theta_for_test, warp
from sims.spade_layout import one_hot

SIZE = (256, 512)  # (height, width) of the layouts in which segments are sought and ordered
CANDIDATES = 10  # that are kept for a segment
LEAST_FIT = 0.1  # mask IoU below which a candidate is none: the layout would follow it, and lose its segment
# Pixels that both segments of a pair exceed for the network to be taught and asked: what smaller ones add to its pooled
# features is lost among the rest.
ORDERED_AREA = 1000
UNMOVED_HEIGHT = 1024  # of pictures for which the released script lays segments where they were
MOVED_BYTES = 160 << 20  # of transformed segments, that are kept for a layout
SURROUNDINGS = 0.15  # of a segment's sides, that a cutout shows around it
PALENESS = 0.75  # of what is not of the segment


@dataclass(frozen=True, eq=False)
class Composed:
    """A canvas (H, W, 3) uint8, the layout with the shapes of its pieces, and what became of its segments.

    `missing` names the classes with a large segment that is not on the canvas.
    """

    canvas: np.ndarray
    adapted: Layout
    segments: tuple[StageSegment, ...]
    missing: tuple[str, ...]


class Composer:
    """A bank, and the networks that move and order what is found in it, for pictures of `height` rows."""

    def __init__(
        self,
        bank: Bank,
        transform: TransformNetwork | None,
        order: OrderNetwork | None,
        height: int,
        minimum_area: int,
        reach: float,
        device: torch.device,
    ):
        self.bank, self.transform, self.order = bank, transform, order
        self.height, self.minimum_area, self.reach, self.device = height, minimum_area, reach, device
        self.roles: Roles = roles(bank.space.name)

    def begin(self, layout: Layout, faithful: Faithful = "paper") -> Composition:
        """Find the segments of a layout of `height` rows, and the candidates for each.

        "released" searches as the released script does, by masks alone and with its slip.
        """
        small = layout.resize(*self.bank.size)
        channels = small.space.channels_of(small.ids).astype(np.uint8)
        painted = self._in_painting_order(channels)
        large = [each for each in painted if isinstance(each, Segment)]
        if faithful == "released":
            slots = [retrieve_released(self.bank, segment, CANDIDATES) for segment in large]
            fitting = [sorted(filter(None, each), key=lambda one: one.mask_iou, reverse=True) for each in slots]
        else:
            fitting = retrieve_all(self.bank, large, channels, CANDIDATES, least=LEAST_FIT)
        return Composition(layout, channels, painted, dict(zip(map(_id, large), fitting, strict=True)), self, faithful)

    def _in_painting_order(self, channels: np.ndarray) -> list[Segment | Rejected]:
        """The segments of a layout, the farthest first.

        Small ones that follow each other in a class are one mask, as a noisy layout has thousands.
        """
        of_class: dict[int, list[Segment | Rejected]] = {channel: [] for channel in self.roles.coarse_order}
        for segment in each_segment(channels, self.roles.void, self.roles.thin):
            before = of_class[segment.channel]
            if segment.area > self.minimum_area:
                before.append(segment)
            elif before and isinstance(before[-1], Rejected):
                before[-1].mask[segment.box.slices] |= segment.mask[segment.box.slices]
            else:
                before.append(Rejected(segment.channel, segment.mask))
        return [each for entries in of_class.values() for each in entries]

    def cutout(self, index: int) -> np.ndarray:
        """A segment of the bank in its surroundings, which are paler: RGB uint8 (h, w, 3)."""
        row = self.bank.segments[index]
        mask = self.bank.mask(index)
        picture = self.bank.picture_at(int(row["frame"]), self.bank.size[0])
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        margin = max(4, int(SURROUNDINGS * max(np.ptp(rows), np.ptp(columns))))
        window = (
            slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
            slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
        )
        pale = (picture[window] * (1 - PALENESS) + 255 * PALENESS).astype(np.uint8)
        return np.where(mask[window][..., None], picture[window], pale)

    def moved(self, tile: np.ndarray, query: np.ndarray, layout: Tensor, faithful: Faithful) -> np.ndarray | None:
        """A retrieved segment (H, W, 3) uint8 after the transformation that fits it to `query` (H, W) bool.

        None where there is none; the released script for 1024 rows reads the segments as they were retrieved.
        """
        if self.transform is None or (faithful == "released" and self.height == UNMOVED_HEIGHT):
            return None
        proposal = torch.from_numpy(tile).to(self.device).permute(2, 0, 1)[None].float() / 255
        mask = torch.from_numpy(query).to(self.device)[None, None].float()
        theta = self.transform(proposal, mask, layout)
        if faithful == "released":
            theta = theta_for_test(theta)
        found = (warp(proposal, theta)[0] * 255).clamp(0, 255).to(torch.uint8)  # values are cut off
        return found.permute(1, 2, 0).cpu().numpy()

    def front(self, pair: np.ndarray, whole: np.ndarray, channels: tuple[int, int], faithful: Faithful) -> int:
        """Which of the two `channels` is in front in a pair's picture, (256, 512, 3) uint8 as is the layout's.

        "released" takes the likeliest of all classes, which may be neither of the two, or -1 for no pair.
        """
        assert self.order is not None
        both = torch.from_numpy(np.concatenate((pair, whole), axis=2)).to(self.device)
        scores = self.order(both.permute(2, 0, 1)[None].float() / 255)
        if faithful == "released":
            return int(scores[0].argmax()) - 1  # output 0 stands for no pair
        return max(channels, key=lambda channel: float(scores[0, channel + 1]))


class Composition:
    """What is known of one layout: its segments, candidates, transformed segments and orders, as far as asked for.

    `painted` is all of it in painting order, small segments as what they are rejected to; `found` has the candidates of
    the large ones.
    """

    def __init__(
        self,
        layout: Layout,
        channels: np.ndarray,
        painted: Sequence[Segment | Rejected],
        found: Mapping[tuple[int, int], list[Candidate]],
        composer: Composer,
        faithful: Faithful,
    ):
        self.composer, self.faithful = composer, faithful
        self.layout, self.channels, self.painted, self.found = layout, channels, painted, found
        self.scale = layout.size[0] // channels.shape[0]
        self.large = [each for each in painted if isinstance(each, Segment)]
        space = layout.space
        names = {space.channel_of[label.id]: label.name for label in space.classes}
        self.names = {segment.channel: names[segment.channel] for segment in self.large}
        self._moved: Kept[np.ndarray] = Kept(MOVED_BYTES)
        self._fronts = _Fronts(self)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept, roughly."""
        masks = sum(2 * each.mask.nbytes for each in self.painted)
        return self.layout.ids.nbytes + masks + self._moved.nbytes

    def compose(self, options: Mapping[str, str], run: Run) -> Composed:
        """The canvas with these options; `run` draws candidates and elided pixels, and times the stages."""
        composer, faithful = self.composer, self.faithful
        chosen = self._choices(options, np.random.default_rng(run.seed))
        with run.stage("transform"):
            pieces = self._pieces(chosen)
        elision = Elision.released(composer.height)
        if faithful == "paper":
            elision = Elision.paper(composer.height, composer.reach)
        fronts: Mapping[tuple[int, int, int, int], int] = self._fronts if composer.order is not None else {}
        before = self._fronts.seconds
        with run.stage("compose"):
            entries = [self._entry(each, pieces) for each in self.painted]
            full = self.layout.space.channels_of(self.layout.ids).astype(np.uint8)
            canvas = compose(full, entries, fronts, composer.roles, elision, _Draws(run.seed), faithful)
        if composer.order is not None:
            run.split("compose", "order", self._fronts.seconds - before)  # asked while the canvas is composed
        lacking = {segment.channel for segment in self.large if _id(segment) not in pieces}
        return Composed(
            canvas.picture,
            Layout(ids_by_channel(self.layout.space)[canvas.channels], self.layout.space),
            tuple(self._staged(chosen, pieces)),
            tuple(self.names[channel] for channel in sorted(lacking)),
        )

    def _choices(self, options: Mapping[str, str], rng: np.random.Generator) -> dict[tuple[int, int], int]:
        """The rank of the candidate for every large segment that has any."""
        counts = {_id(segment): len(self.found[_id(segment)]) for segment in self.large}
        chosen = {key: 0 for key, count in counts.items() if count}
        if options["variety"] == "diverse":
            chosen = {key: int(rng.integers(counts[key])) for key in chosen}
        seen: set[int] = set()
        for text in filter(None, options["candidates"].split(",")):
            number, rank = map(int, text.split(":"))
            if number in seen:
                raise RequestError(f"Segment {number} is chosen for twice; name one candidate for it.")
            seen.add(number)
            if number > len(self.large):
                raise RequestError(f"Segment {number} is chosen for, and this layout has {len(self.large)}.")
            key = _id(self.large[number - 1])
            if rank >= counts[key]:
                raise RequestError(
                    f"Candidate {rank} is chosen for segment {number}, and it has {counts[key]}, counted from 0."
                )
            chosen[key] = rank
        return chosen

    def _pieces(self, chosen: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], Piece]:
        """What is laid for the segments; nothing for those whose candidate is black, which has no shape."""
        composer = self.composer
        channels = torch.from_numpy(self.layout.space.channels_of(self.layout.ids))[None].to(composer.device)
        layout = one_hot(channels, self.layout.space.channels)
        pieces = {}
        for segment in self.large:
            if _id(segment) not in chosen:
                continue
            index = self.found[_id(segment)][chosen[_id(segment)]].index
            tile = composer.bank.tile(index, composer.height)
            if not tile.any():
                continue
            query, whole = self._enlarged(segment.mask), self._enlarged(segment.whole)
            key = (_id(segment), index)
            moved = self._moved.get(key)
            if moved is None:
                moved = composer.moved(tile, query, layout, self.faithful)
                if moved is not None:
                    self._moved[key] = moved
            source = None
            if segment.channel in composer.roles.ground:  # the others are not cut by what their source shows
                source = self._enlarged(composer.bank.labels(int(composer.bank.segments["frame"][index])))
            pieces[_id(segment)] = Piece(segment.channel, segment.page, query, whole, tile, moved, source)
        return pieces

    def _entry(self, each: Segment | Rejected, pieces: Mapping[tuple[int, int], Piece]) -> Piece | Rejected:
        piece = pieces.get(_id(each)) if isinstance(each, Segment) else None
        return piece or Rejected(each.channel, self._enlarged(each.mask))

    def _enlarged(self, small: np.ndarray) -> np.ndarray:
        return small if self.scale == 1 else small.repeat(self.scale, 0).repeat(self.scale, 1)

    def _staged(
        self, chosen: Mapping[tuple[int, int], int], pieces: Mapping[tuple[int, int], Piece]
    ) -> Iterator[StageSegment]:
        nothing = np.zeros((*self.layout.size, 3), np.uint8)
        place = 0
        for number, segment in enumerate(self.large, start=1):
            found = tuple(_as_found(self.composer.bank, each) for each in self.found[_id(segment)])
            piece = pieces.get(_id(segment))
            picture, moved = (nothing, False) if piece is None else piece.placed
            place += piece is not None
            yield StageSegment(
                number,
                self.names[segment.channel],
                segment.box,
                segment.area,
                segment.mask,
                found,
                chosen.get(_id(segment)),
                place if piece is not None else 0,
                picture,
                moved,
            )


def rules_of(options: Mapping[str, str]) -> Faithful:
    """What a picture's options have it made by."""
    return "released" if options["rules"] == "released" else "paper"


class _Draws:
    """Draws by a seed.

    Which pixels are elided depends on it and on how many there are to choose from, and not on what was drawn before:
    so another candidate for one segment leaves those of all others as they are.
    """

    def __init__(self, seed: int):
        self._seed = seed

    def permutation(self, count: int) -> np.ndarray:
        return np.random.default_rng((self._seed, count)).permutation(count)


class _Fronts(Mapping[tuple[int, int, int, int], int]):
    """Which of two segments is in front, asked of the network when a canvas needs to know, and kept.

    `seconds` is the time that all questions took.
    """

    def __init__(self, composition: Composition):
        self.seconds = 0.0
        self._composer, self._faithful = composition.composer, composition.faithful
        self._segments = {(segment.page, segment.channel): segment for segment in composition.large}
        space = composition.layout.space
        self._colours = space.palette[ids_by_channel(space)]
        self._whole = self._colours[composition.channels]
        self._known: dict[tuple[int, int, int, int], int] = {}

    def __getitem__(self, key: tuple[int, int, int, int]) -> int:
        page, other_page, channel, other = key
        one, two = self._segments.get((page, channel)), self._segments.get((other_page, other))
        if one is None or two is None or channel == other or min(one.area, two.area) <= ORDERED_AREA:
            raise KeyError(key)
        if key not in self._known:
            start = time.perf_counter()
            pair = pair_picture(one, two, self._colours)
            self._known[key] = self._composer.front(pair, self._whole, (channel, other), self._faithful)
            self.seconds += time.perf_counter() - start
        return self._known[key]

    def __iter__(self) -> Iterator[tuple[int, int, int, int]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def ids_by_channel(space: LabelSpace) -> np.ndarray:
    """The class ids by channel, (256,) uint8."""
    ids = np.zeros(256, np.uint8)
    for label, channel in space.channel_of.items():
        ids[channel] = label
    return ids


def _as_found(bank: Bank, candidate: Candidate) -> Found:
    source = bank.frame_name(int(bank.segments["frame"][candidate.index]))
    return Found(candidate.index, source, candidate.mask_iou, candidate.context_iou)


def _id(segment: Segment) -> tuple[int, int]:
    return segment.channel, segment.page
