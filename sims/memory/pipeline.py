"""Semi-parametric image synthesis behind the common interface: retrieve, transform, order, compose, synthesise.

Qi, Chen, Jia and Koltun, "Semi-parametric Image Synthesis" (2018). All that a layout determines is kept, so that
another candidate for one segment costs its transformation, the canvas and the synthesis network, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sims.generator import (
    Card,
    Choice,
    Generator,
    LayoutRequest,
    Progress,
    RequestError,
    Run,
    loaded,
    placed,
    silent,
    to_uint8,
)
from sims.kept import Kept
from sims.layout import Layout
from sims.memory.bank import Bank
from sims.memory.completion import CompletionNetwork, complete
from sims.memory.composition import CANDIDATES as FOUND
from sims.memory.composition import Composer, Composition, ids_by_channel, rules_of
from sims.memory.elision import Faithful
from sims.memory.order import OrderNetwork
from sims.memory.stages import Stages
from sims.memory.synthesis import SynthesisNetwork, network_input
from sims.memory.transform import TransformNetwork
from sims.spade_layout import one_hot
from zoo.convert.crn import CLASSES

VARIETY = Choice(
    "variety",
    ("best", "diverse"),
    "The best segments of the memory, or segments drawn by the seed from the ten best.",
)
COMPLETION = Choice("completion", ("off", "on"), "Fill what a coarse layout leaves open before anything else is done.")
RULES = Choice(
    "rules",
    ("paper", "released"),
    "Retrieval and composition as the paper means them, or with the slips of the code that was released.",
)
assert FOUND == 10  # so that every digit is a rank
_PICK = "[1-9][0-9]{0,2}:[0-9]"
CANDIDATES = Choice(
    "candidates",
    ("",),
    "The candidates that were chosen by hand.",
    pattern=f"{_PICK}(,{_PICK}){{0,39}}",
    form=f"SEGMENT:RANK,... (at most 40; segments 1 to 999, ranks 0 to {FOUND - 1})",
)
KEPT_BYTES = {"compositions": 384 << 20, "pictures": 192 << 20}  # of what is known of layouts, and of made pictures


class SimsGenerator(Generator):
    """A bank of segments and the networks that make a picture of them."""

    stage_names = ("read the layout", "complete", "retrieve", "transform", "compose", "order", "synthesise")

    def __init__(
        self,
        card: Card,
        config: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        device: torch.device,
        bank: Bank | None,
    ):
        """`tensors` holds the networks under their prefixes; `bank` is None where the memory is left out."""
        super().__init__(card, device)
        self.size: tuple[int, int] = tuple(config["size"])
        self.flipped = config["colour_order"] == "bgr"

        def part(prefix: str, network: nn.Module) -> Any:
            own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            return placed(loaded(network, own), device)

        self.synthesis: SynthesisNetwork = part("synthesis.", SynthesisNetwork(self.size[0], config["synthesis_width"]))
        self.completion: CompletionNetwork | None = None
        if config["completion_width"] is not None:
            self.completion = part("completion.", CompletionNetwork(self.size[0], config["completion_width"]))
        self.composer: Composer | None = None
        if bank is not None:
            transform = order = None
            if config["transform_width"] is not None:
                transform = part("transform.", TransformNetwork(config["transform_width"]))
            if config["order_width"] is not None:
                order = part("order.", OrderNetwork(config["order_width"]))
            limits = (config["minimum_area"], config["elision_reach"])
            self.composer = Composer(bank, transform, order, self.size[0], *limits, device)
        self._compositions: Kept[Composition] = Kept(KEPT_BYTES["compositions"])
        self._made: Kept[Stages] = Kept(KEPT_BYTES["pictures"])

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        options = [VARIETY, RULES, CANDIDATES] if config["memory"] == "bank" else []
        options += [COMPLETION] if config["completion_width"] is not None else []
        return replace(
            card,
            task="layout",
            native_size=tuple(config["size"]),
            label_space=config["label_space"],
            classes=CLASSES,
            options=tuple(options),
        )

    def memory_bytes(self) -> int:
        networks: list[nn.Module | None] = [self.synthesis, self.completion]
        networks += [self.composer.transform, self.composer.order] if self.composer else []
        tensors = [tensor for network in networks if network is not None for tensor in network.state_dict().values()]
        weights = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        memory = self.composer.bank.nbytes if self.composer else 0  # counted for each that shares it
        return weights + memory + self._compositions.nbytes + self._made.nbytes

    def stages(self, request: LayoutRequest, *, seed: int = 0, progress: Progress = silent) -> Stages:
        """How the picture of `generate` with the same arguments came about. Raises as `generate` does."""
        options = self.generate(request, seed=seed, progress=progress).options  # which refuses what is no layout
        layout = request.layout.to_space(str(self.card.label_space)).layout
        with self._one_at_a_time, torch.inference_mode():
            stages = self._made.get(_key(layout, options, seed))
            if stages is None:  # pictures of other threads have taken its room already
                stages = self._through_all_stages(layout, options, Run(seed, silent, self.stage_names))
        return stages

    def cutout(self, index: int) -> np.ndarray:
        """A segment of the bank as it stands in its picture, cut to its surroundings: RGB uint8 (h, w, 3).

        What is not of the segment is paler. Raises `RequestError` where there is no such segment.
        """
        if self.composer is None or not 0 <= index < len(self.composer.bank):
            raise RequestError(f"{self.card.name} has no segment {index} in its memory.")
        return self.composer.cutout(index)

    def _from_layout(
        self, layout: Layout, style: np.ndarray | None, options: Mapping[str, str], run: Run
    ) -> np.ndarray:
        key = _key(layout, options, run.seed)
        stages = self._made.get(key)
        if stages is None:
            stages = self._made[key] = self._through_all_stages(layout, options, run)
        if stages.missing:
            run.notes.append(stages.missing_sentence)
        return stages.image.copy()

    def _through_all_stages(self, layout: Layout, options: Mapping[str, str], run: Run) -> Stages:
        with run.stage("read the layout"):
            layout = self._resized(layout)
        completed = options.get("completion") == "on"
        if completed:
            with run.stage("complete"):
                layout = self._completed(layout)
        if self.composer is None:
            canvas = np.zeros((*self.size, 3), np.uint8)
            image = self._synthesised(canvas, layout, run)
            return Stages(layout, completed, (), canvas, layout, image, ())
        composition = self._composition(self.composer, layout, rules_of(options), run)
        composed = composition.compose(options, run)
        self._compositions.trim()  # it has grown by what was moved
        image = self._synthesised(composed.canvas, composed.adapted, run)
        return Stages(layout, completed, composed.segments, composed.canvas, composed.adapted, image, composed.missing)

    def _composition(self, composer: Composer, layout: Layout, faithful: Faithful, run: Run) -> Composition:
        key = (layout.ids.tobytes(), faithful)
        with run.stage("retrieve"):
            composition = self._compositions.get(key)
            if composition is None:
                composition = self._compositions[key] = composer.begin(layout, faithful)
        return composition

    def _resized(self, layout: Layout) -> Layout:
        """The layout at the size of the pictures. Raises `RequestError` where it is void."""
        space, (height, width) = layout.space, self.size
        if (layout.ids == space.unknown).all():
            raise RequestError(f"The layout is void everywhere in the {space.name} space; paint at least one class.")
        resized = layout.resize(height, width)
        if (resized.ids == space.unknown).all():
            raise RequestError(
                f"Nothing of the layout is left at {width}x{height} in the {space.name} space; paint something larger."
            )
        return resized

    def _completed(self, layout: Layout) -> Layout:
        assert self.completion is not None
        space = layout.space
        given = torch.from_numpy(space.channels_of(layout.ids)).to(self.device)
        channels = complete(self.completion, given, space.channel_of[space.unknown]).cpu().numpy()
        return Layout(ids_by_channel(space)[channels], space)

    def _synthesised(self, canvas: np.ndarray, layout: Layout, run: Run) -> np.ndarray:
        """RGB uint8 (H, W, 3); values are cut off, not rounded, as the released code writes them."""
        with run.stage("synthesise"):
            channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None].to(self.device)
            x = network_input(one_hot(channels, layout.space.channels), canvas)
            picture = self.synthesis(x.contiguous(memory_format=torch.channels_last))[0]
            return to_uint8(picture.flip(1) if self.flipped else picture)


def _key(layout: Layout, options: Mapping[str, str], seed: int) -> tuple[object, ...]:
    """What a picture depends on; the seed draws the elided pixels too."""
    return layout.ids.tobytes(), layout.size, tuple(sorted(options.items())), seed
