"""What can be asked of a generator, what its card says, and all checks, so that bad input never reaches a network."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sims.grid_request import GridRequest, check_grid_request
from sims.layout import MIN_SIDE, Layout
from sims.request_error import RequestError, short

MAX_PIXELS = 4 * 1024 * 1024
MAX_LABEL = 65535  # of a label map
MAX_LABEL_SIDE = 32768  # of a label map, as of a picture; its pixels are bounded as a picture's too
MAX_ORIGIN = 255  # characters that say where a content picture came from
MAX_PAIRS = 256
TEXTURE_SIDES = (32, 2048)  # of a texture to be made, smallest and largest


@dataclass(frozen=True)
class Choice:
    """One option of a generator: its name, the values it accepts (the first is the default) and a line of help.

    Where there is a `pattern`, every text that it matches as a whole is accepted too; `form` says in words which.
    """

    name: str
    values: tuple[str, ...]
    help: str
    pattern: str = ""
    form: str = ""

    @property
    def default(self) -> str:
        """The value taken where a request names none."""
        return self.values[0]

    def accepts(self, value: object) -> bool:
        """Whether a request may give this value."""
        if not isinstance(value, str):
            return False
        return value in self.values or (self.pattern != "" and re.fullmatch(self.pattern, value) is not None)

    def accepted(self) -> str:
        """What it accepts, in words."""
        named = [value for value in self.values if value]
        return " or ".join([*named, self.form] if self.form else named)


@dataclass(frozen=True)
class Card:
    """What is known of a generator before it runs."""

    name: str
    title: str
    family: str
    task: str  # a key of `REQUESTS`
    native_size: tuple[int, int] | None  # (height, width) of its pictures; None: that of its input
    label_space: str | None = None
    accepts_style: bool = False
    classes: int | None = None  # one-hot channels that its network reads, if it reads a layout as such
    options: tuple[Choice, ...] = ()
    licence: str = ""
    origin: str = ""
    paper: str = ""
    trained_on: str = ""
    revision: str = ""
    variant_of: str = ""  # the generator that this one is an ablation of
    second_task: str = ""  # another key of `REQUESTS`, for generators that can do two things
    most_pixels: int = MAX_PIXELS  # of a picture restyled, or of a texture made
    least_side: int = 2  # in pixels, of a content, of a style picture and of an example
    latents: tuple[int, int] = (0, 0)  # of one that works from them: styles a picture, one a layer, and their length
    levels: int = 0  # groups of layers, from coarse to fine, that can be mixed
    geometry: str = ""  # of its grids: "plane" or "cylinder"

    @property
    def tasks(self) -> tuple[str, ...]:
        """What it can do, the main thing first."""
        return (self.task, self.second_task) if self.second_task else (self.task,)


@dataclass(frozen=True, eq=False)
class LayoutRequest:
    """A layout to be turned into a picture.

    `style` is an RGB uint8 picture (H, W, 3) whose look the result takes on, for generators that accept one.
    `options` sets the generator's own choices by name; what it does not name keeps its default.
    """

    layout: Layout
    style: np.ndarray | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ImageRequest:
    """A picture, RGB uint8 (H, W, 3), to be translated."""

    image: np.ndarray
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class StyleRequest:
    """A picture that is to look like another one: `content` and `style` are RGB uint8 (H, W, 3), of any two sizes.

    Label maps (h, w) of ids from 0 to 65535 divide the pictures into regions, and need not be of their size. A region
    of the content takes on the look of the style's region of the same id, or of the one that `pairs` names, or stays as
    it is where `pairs` says None. `strength` from 0 (the content) to 1 (the method's own result). `label_names` are
    what notes call the regions, and `content_origin` is a line that says what made the content, where the program did
    it ("spade-street, revision 0123abcd, seed 7"); they change no pixel.
    """

    content: np.ndarray
    style: np.ndarray
    content_labels: np.ndarray | None = None
    style_labels: np.ndarray | None = None
    pairs: Mapping[int, int | None] = field(default_factory=dict)
    strength: float = 1.0
    options: Mapping[str, str] = field(default_factory=dict)
    label_names: Mapping[int, str] = field(default_factory=dict)
    content_origin: str = ""


@dataclass(frozen=True, eq=False)
class TextureRequest:
    """An example of a texture, RGB uint8 (H, W, 3), of which more is to be made: `size` is (height, width)."""

    example: np.ndarray
    size: tuple[int, int]
    options: Mapping[str, str] = field(default_factory=dict)


Request = LayoutRequest | ImageRequest | StyleRequest | TextureRequest | GridRequest
REQUESTS: Mapping[str, type[Request]] = {  # by the task of those that carry them out
    "layout": LayoutRequest,
    "image": ImageRequest,
    "style": StyleRequest,
    "texture": TextureRequest,
    "grid": GridRequest,
}
WORKS_FROM: Mapping[str, str] = {
    "layout": "a layout",
    "image": "a picture",
    "style": "a picture and a style picture",
    "texture": "an example of a texture",
    "grid": "latents",
}


def check_request(card: Card, request: Request) -> None:
    """Raise `RequestError` unless a generator with this card can carry out the request."""
    if not isinstance(request, tuple(REQUESTS[task] for task in card.tasks)):
        given = next(WORKS_FROM[task] for task, kind in REQUESTS.items() if isinstance(request, kind))
        wanted = " or ".join(WORKS_FROM[task] for task in card.tasks)
        raise RequestError(f"{card.name} works from {wanted}, and was given {given}.")
    choices = {choice.name: choice for choice in card.options}
    for name, value in request.options.items():
        if name not in choices:
            known = ", ".join(choices) or "none"
            raise RequestError(f"{card.name} has no option {short(name)}; its options are: {known}.")
        if not choices[name].accepts(value):
            accepted = choices[name].accepted()
            raise RequestError(f"Option {name} of {card.name} is {short(value)}; it accepts {accepted}.")
    if isinstance(request, ImageRequest):
        check_image(request.image, "The picture")
    elif isinstance(request, StyleRequest):
        _check_style_request(card, request)
    elif isinstance(request, TextureRequest):
        _check_texture_request(card, request)
    elif isinstance(request, GridRequest):
        check_grid_request(card, request)
    elif request.style is not None:
        if not card.accepts_style:
            raise RequestError(f"{card.name} takes no style picture; leave it out.")
        check_image(request.style, "The style picture")


def _check_style_request(card: Card, request: StyleRequest) -> None:
    check_image(request.content, "The content picture")
    check_image(request.style, "The style picture")
    height, width = request.content.shape[:2]
    if height * width > card.most_pixels:
        raise RequestError(f"The content picture is {width}x{height}; {_most(card)}.")
    _check_least(card, request.content, "The content picture")
    _check_least(card, request.style, "The style picture")
    if not is_line(request.content_origin, MAX_ORIGIN):
        raise RequestError(
            f"The content's origin is {short(request.content_origin)}; give at most {MAX_ORIGIN} printable characters."
        )
    if (request.content_labels is None) != (request.style_labels is None):
        missing = "content" if request.content_labels is None else "style"
        raise RequestError(f"The {missing} picture has no label map and the other one has; give both, or none.")
    for labels, whose in ((request.content_labels, "content"), (request.style_labels, "style")):
        if labels is not None:
            _check_labels(labels, f"The label map of the {whose} picture")
    strength = request.strength
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        raise RequestError(f"The strength is {short(strength)}; give a number from 0 to 1.")
    if request.pairs and request.content_labels is None:
        raise RequestError("Regions are paired and there are no label maps; give both label maps too.")
    if len(request.pairs) > MAX_PAIRS:
        raise RequestError(f"{len(request.pairs)} regions are paired; pair at most {MAX_PAIRS}.")
    for label in (*request.pairs, *(target for target in request.pairs.values() if target is not None)):
        if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= MAX_LABEL:
            raise RequestError(f"A paired region is {short(label)}; regions are whole numbers from 0 to {MAX_LABEL}.")


def _check_texture_request(card: Card, request: TextureRequest) -> None:
    check_image(request.example, "The example")
    low, high = TEXTURE_SIDES
    size = request.size
    if not isinstance(size, tuple) or len(size) != 2:
        raise RequestError(f"The texture's size is {short(size)}; give two whole numbers, (height, width).")
    if not all(isinstance(side, int) and not isinstance(side, bool) and low <= side <= high for side in size):
        raise RequestError(
            f"The texture's size is {short(size[0])}x{short(size[1])} (height x width); each side is a whole number"
            f" from {low} to {high}."
        )
    if size[0] * size[1] > card.most_pixels:
        raise RequestError(f"The texture's size is {size[0]}x{size[1]} (height x width); {_most(card)}.")
    _check_least(card, request.example, "The example")


def _most(card: Card) -> str:
    side = math.isqrt(card.most_pixels)
    return f"{card.name} makes at most {card.most_pixels} pixels, such as {side}x{side}"


def _check_least(card: Card, image: np.ndarray, what: str) -> None:
    height, width = image.shape[:2]
    if min(height, width) < card.least_side:
        raise RequestError(f"{what} is {width}x{height}; {card.name} takes at least {card.least_side} pixels a side.")


def _check_labels(labels: np.ndarray, what: str) -> None:
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise RequestError(f"{what} is {labels.dtype} {labels.shape}; give whole numbers of shape (height, width).")
    height, width = labels.shape
    if min(labels.shape) < MIN_SIDE or max(labels.shape) > MAX_LABEL_SIDE or labels.size > MAX_PIXELS:
        raise RequestError(
            f"{what} is {width}x{height}; each side must be {MIN_SIDE} to {MAX_LABEL_SIDE} pixels, and {MAX_PIXELS}"
            " pixels are the most in all."
        )
    if labels.min() < 0 or labels.max() > MAX_LABEL:
        raise RequestError(f"{what} holds ids from {labels.min()} to {labels.max()}; ids go from 0 to {MAX_LABEL}.")


def check_image(image: np.ndarray, what: str) -> None:
    """Raise `RequestError` unless `image` is RGB uint8 (H, W, 3), at least 2x2 and at most 4 megapixels."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise RequestError(f"{what} is {image.dtype} {image.shape}; give RGB uint8 of shape (height, width, 3).")
    height, width = image.shape[:2]
    if min(height, width) < 2 or height * width > MAX_PIXELS:
        raise RequestError(f"{what} is {width}x{height}; give at least 2x2 and at most {MAX_PIXELS} pixels.")


def is_line(value: object, most: int) -> bool:
    """Whether a value is a text of printable characters on one line, `most` at most."""
    return isinstance(value, str) and len(value) <= most and value.isprintable()
