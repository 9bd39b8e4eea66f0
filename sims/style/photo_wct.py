"""PhotoWCT: encoders and decoders between which features take on the statistics of a style.

Li, Liu, Li, Yang and Kautz, "A Closed-form Solution to Photorealistic Image Stylization", ECCV 2018, section 3.1:
unpooling at the positions of the maxima keeps what upsampling would smear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from sims.requests import RequestError
from sims.style.regions import WHOLE, Matched, Regions
from sims.style.strips import Pool, convolved, gathered, pooled, reported, strips, unpooled, watched
from sims.style.whitening import MINIMUM, Affine, Colouring, Moments, colouring, restyling
from zoo.convert.photo_wct import layers, scaled

LEVELS = (4, 3, 2, 1)  # in the order of stylisation
WORK = {4: 63.0, 3: 29.0, 2: 15.0, 1: 1.0}  # of an encoder and of its decoder, in proportion to their multiplications
STRIP_PIXELS = 2**15  # few enough for a strip of the widest layer to stay near the processor
SMALLEST_SIDE = 16  # of a picture, whose coarsest features then are 2x2, the least that reflection takes

Advance = Callable[[float, str], None]  # is told which share of the work is done, and what is being done


class Statistics(dict[int, Mapping[int, Colouring]]):
    """What is kept of a style, by level and id of a region."""

    @property
    def nbytes(self) -> int:
        """Bytes of all of it."""
        kept = [colouring for level in self.values() for colouring in level.values()]
        return sum(colouring.mean.nbytes + colouring.matrix.nbytes for colouring in kept)


def unreported(done: float, what: str) -> None:
    """Report nothing."""


class PhotoWct(nn.Module):
    """Encoders e1..e4, each up to the first layer of its block, and decoders d1..d4, their mirrors.

    `width` scales every layer's channels; 1 is the authors' network. Pictures pass in strips of about `strip_pixels`
    pixels, on which the result does not depend.
    """

    def __init__(self, width: float = 1.0, strip_pixels: int = STRIP_PIXELS):
        super().__init__()
        self.width, self.strip_pixels = width, strip_pixels
        for level in sorted(LEVELS):
            names = layers(level)
            encoder = nn.ModuleDict({"conv0": nn.Conv2d(3, 3, 1)})
            encoder.update({name: nn.Conv2d(*scaled(name, width), 3) for name in names})
            self.add_module(f"e{level}", encoder)
            decoder = {name: nn.Conv2d(*scaled(name, width)[::-1], 3) for name in reversed(names)}
            self.add_module(f"d{level}", nn.ModuleDict(decoder))

    def encode(self, level: int, image: Tensor) -> tuple[Tensor, tuple[Pool, ...]]:
        """Rectified responses of e`level` to `image` (B, 3, H, W) in 0..1, and its poolings, the finest first."""
        found, pools = self._encoded(level, [image], image, {})
        return next(found), pools

    def decode(self, level: int, features: Tensor, pools: tuple[Pool, ...]) -> Tensor:
        """The picture (B, 3, H, W), in 0..1 but not clamped, that d`level` makes of what e`level` gave."""
        return next(self._decoded(level, [features], features.shape[2], pools))

    @torch.inference_mode()
    def style_statistics(
        self, style: Tensor, regions: Regions = WHOLE.style, advance: Advance = unreported
    ) -> Statistics:
        """What a style picture (1, 3, H, W) in 0..1 gives to others: one pass of e4, whose layers serve all levels.

        Raises `RequestError` for a picture of less than 16 pixels a side.
        """
        _check_size(style, "The style picture")
        height = style.shape[2]
        seen = {level: _Gathering(regions, *_size(style, level)) for level in LEVELS}
        given = reported(strips(style, self.strip_pixels), height, lambda done: advance(done, "looking at the style"))
        found, _ = self._encoded(4, given, style, {f"conv{level}_1": seen[level].add for level in LEVELS})
        for _ in found:
            pass
        regions_of = {level: seen[level].complete().items() for level in LEVELS}
        return Statistics({level: {one: colouring(of) for one, of in regions_of[level]} for level in LEVELS})

    @torch.inference_mode()
    def stylise(
        self,
        content: Tensor,
        statistics: Statistics,
        regions: Matched = WHOLE,
        advance: Advance = unreported,
        depth: int = LEVELS[0],
    ) -> Tensor:
        """The content (1, 3, H, W), in 0..1, with the look of a style: (1, 3, H, W), not clamped (section 3.1).

        `statistics` are those that `style_statistics` gives of the style's part of `regions`. What belongs to no
        region keeps its features. The coarsest level is `depth`; the authors' is 4. Raises `RequestError` for a picture
        of less than 16 pixels a side.
        """
        _check_size(content, "The content picture")
        levels = [level for level in LEVELS if level <= depth]
        image, before, total = content, 0.0, 2 * sum(WORK[level] for level in levels)
        for level in levels:

            def report(done: float, level: int = level, before: float = before) -> None:
                advance((before + done * WORK[level]) / total, f"level {level}")

            image = self._restyled(level, image, statistics[level], regions, report)
            before += 2 * WORK[level]
        return image

    def _restyled(
        self,
        level: int,
        image: Tensor,
        styles: Mapping[int, Colouring],
        regions: Matched,
        report: Callable[[float], None],
    ) -> Tensor:
        """The picture that d`level` makes of the restyled features of e`level`."""
        height = image.shape[2]
        seen = _Gathering(regions.content, *_size(image, level))
        given = reported(strips(image, self.strip_pixels), height, report)
        found, pools = self._encoded(level, given, image, {f"conv{level}_1": seen.add})
        if level > 1:
            features = gathered(found, len(seen.labels))
            found = strips(features, self.strip_pixels >> 2 * (level - 1))
        else:  # features as large as the picture are not kept: to compute them again is cheaper
            for _ in found:
                pass
            found, _ = self._encoded(level, strips(image, self.strip_pixels), image, {})
        maps = {
            one: restyling(moments, styles[regions.looks[one]])
            for one, moments in seen.complete().items()
            if regions.looks[one] in styles
        }
        restyled = reported(seen.mapped(found, maps), len(seen.labels), lambda done: report(1 + done))
        return gathered(self._decoded(level, restyled, len(seen.labels), pools), height)

    def _encoded(
        self, level: int, given: Iterable[Tensor], like: Tensor, looks: Mapping[str, Callable[[Tensor], None]]
    ) -> tuple[Iterator[Tensor], tuple[Pool, ...]]:
        """The strips of e`level` for a picture of the shape of `like`, and its poolings, which fill as they come.

        `looks` are shown the strips of the layers that they are named after.
        """
        convolutions = self._part(f"e{level}")
        (batch, _, height, width), pools = like.shape, list[Pool]()
        found: Iterator[Tensor] = map(convolutions["conv0"], given)
        for name in layers(level):
            if _starts_a_block(name):
                shape = (batch, scaled(name, self.width)[0], height // 2, width // 2)
                positions = torch.empty(shape, dtype=torch.uint8, device=like.device, memory_format=torch.channels_last)
                pools.append(Pool(positions, (height, width)))
                found = pooled(found, pools[-1])
                height, width = height // 2, width // 2
            found = convolved(found, convolutions[name], height)
            if name in looks:
                found = watched(found, looks[name])
        return found, tuple(pools)

    def _decoded(self, level: int, given: Iterable[Tensor], height: int, pools: tuple[Pool, ...]) -> Iterator[Tensor]:
        """The strips of the picture that d`level` makes of the strips of features of `height` rows."""
        convolutions = self._part(f"d{level}")
        found, left = iter(given), list(pools)
        for name in reversed(layers(level)):
            found = convolved(found, convolutions[name], height, rectified=name != "conv1_1")
            if _starts_a_block(name):
                pool = left.pop()
                found, height = unpooled(found, pool), pool.size[0]
        return found

    def _part(self, name: str) -> nn.ModuleDict:
        part = self.get_submodule(name)
        assert isinstance(part, nn.ModuleDict)
        return part


class _Gathering:
    """The statistics of the regions of a map of features, whose strips come from top to bottom."""

    def __init__(self, regions: Regions, height: int, width: int):
        self.labels = torch.from_numpy(regions.at(height, width))
        self.moments = {one: Moments() for one in regions.ids}
        self._done = 0

    def add(self, strip: Tensor) -> None:
        """Count in the next strip (1, C, rows, W)."""
        labels = self.labels[self._done : self._done + strip.shape[2]].to(strip.device)
        self._done += strip.shape[2]
        pixels = _pixels(strip)
        for one, moments in self.moments.items():
            inside = (labels == one).flatten()
            moments.add(pixels if inside.all() else pixels[inside])

    def complete(self) -> dict[int, Moments]:
        """Of the regions that have pixels enough."""
        return {one: moments for one, moments in self.moments.items() if moments.count >= MINIMUM}

    def mapped(self, given: Iterable[Tensor], maps: Mapping[int, Affine]) -> Iterator[Tensor]:
        """The strips with every region mapped as given, and the rest as it was."""
        done = 0
        for strip in given:
            labels = self.labels[done : done + strip.shape[2]].to(strip.device)
            done += strip.shape[2]
            pixels = _pixels(strip)
            found = pixels
            for one, affine in maps.items():
                inside = (labels == one).flatten()
                if inside.all():
                    found = affine(pixels)
                elif inside.any():
                    found = found.clone() if found is pixels else found
                    found[inside] = affine(pixels[inside])
            yield found.view(1, *strip.shape[2:], -1).permute(0, 3, 1, 2)


def _pixels(strip: Tensor) -> Tensor:
    """The features (1, C, rows, W) as (rows * W, C)."""
    return strip[0].permute(1, 2, 0).flatten(0, 1)


def _size(image: Tensor, level: int) -> tuple[int, int]:
    """(height, width) of the features of a picture at a level; pooling drops odd rows and columns."""
    height, width = image.shape[2:]
    return height >> level - 1, width >> level - 1


def _check_size(image: Tensor, what: str) -> None:
    height, width = image.shape[2:]
    if min(height, width) < SMALLEST_SIDE:
        raise RequestError(
            f"{what} is {width}x{height}; PhotoWCT takes at least {SMALLEST_SIDE} pixels a side, so give a larger one."
        )


def _starts_a_block(name: str) -> bool:
    return name.endswith("_1") and name != "conv1_1"
