"""The programs' way in to pictures from latents: endpoints on plain files and values, as in `sims.ui.api`."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import gradio as gr

from sims.cips_inversion import SECONDS, STEPS, USUAL_STEPS, check_inversion
from sims.cips_inversion import invert as find_style
from sims.generator import Card, GridRequest, RequestError, check_request
from sims.grid import WHOLE
from sims.grid_request import Style
from sims.image_files import read_image
from sims.latent_files import latent_npy, read_latent
from sims.mask_files import read_mask
from sims.panorama import CENTRE, SOFTNESS, WIDTH, banded, closes
from sims.panorama import panorama as as_panorama
from sims.request_error import MAX_SEED
from sims.ui import catalogue, session
from sims.ui.api import fault, run_all, with_defaults
from sims.ui.events import ONE_AT_A_TIME
from sims.ui.layouts import uploaded_bytes
from sims.ui.shelf import SHELF
from sims.ui.style_api import style_report, texture_size
from sims.ui.walking import whole

LEVELS = re.compile(r"\s*([0-9]{1,3})\s*[:-]\s*([0-9]{1,3})\s*")
LIMIT = 120  # seconds that an inversion may take unless asked otherwise
Band = tuple[float, float, float]  # centre, width and softness, in shares


def build_cips_api() -> None:
    """Add the endpoints to the page that is being built."""
    with gr.Row(visible=False):
        generator, wide = (gr.Textbox(name, label="generator") for name in ("cips-landscape", "cips-panorama"))
        seed, truncation = gr.Number(0, label="seed"), gr.Number(1, label="truncation")
        turn, field_of_view = gr.Number(0, label="turn"), gr.Number(0, label="field_of_view")
        latent, second_latent = (gr.File(label=name, file_types=[".npy"]) for name in ("latent", "second_latent"))
        latent_space, second_seed = gr.Textbox("w", label="latent_space"), gr.Textbox("", label="second_seed")
        size, noise, precision = (gr.Textbox("", label=name) for name in ("size", "noise", "precision"))
        projection, sampling, window = (gr.Textbox("", label=name) for name in ("projection", "sampling", "window"))
        levels, mask = gr.Textbox("", label="levels"), gr.File(label="mask", file_types=["image"])
        band = [
            gr.Number(value, label=name)
            for name, value in (("centre", CENTRE), ("width", WIDTH), ("softness", SOFTNESS))
        ]
        image, space = gr.File(label="image", file_types=["image"]), gr.Textbox("w+", label="space")
        steps, seconds = gr.Number(USUAL_STEPS, label="steps"), gr.Number(LIMIT, label="seconds")
        picture, found, report = gr.File(label="picture"), gr.File(label="found"), gr.JSON(label="report")
        button = gr.Button()
    style, look = [seed, latent, latent_space], [size, truncation, noise, precision]
    second = [second_seed, second_latent, mask, *band]
    button.click(
        generate_grid,
        [generator, *style, *look, projection, turn, field_of_view, window, *second, levels, sampling],
        [picture, report],
        api_name="generate_grid",
        **ONE_AT_A_TIME,
    )
    button.click(
        panorama,
        [wide, *style, *look, projection, turn, *second],
        [picture, report],
        api_name="panorama",
        **ONE_AT_A_TIME,
    )
    button.click(
        invert,
        [image, generator, space, steps, seed, seconds],
        [picture, found, report],
        api_name="invert",
        **ONE_AT_A_TIME,
    )


@with_defaults
def generate_grid(
    generator: str = "cips-landscape",
    seed: int = 0,
    latent: str | None = None,
    latent_space: str = "w",
    size: str = "",
    truncation: float = 1,
    noise: str = "",
    precision: str = "",
    projection: str = "",
    turn: float = 0,
    field_of_view: float = 0,
    window: str = "",
    second_seed: str = "",
    second_latent: str | None = None,
    mask: str | None = None,
    centre: float = CENTRE,
    width: float = WIDTH,
    softness: float = SOFTNESS,
    levels: str = "",
    sampling: str = "",
) -> tuple[str, dict[str, Any]]:
    """Make a picture from a latent on any grid of any size, with a second style blended or mixed in if asked.

    Args:
        generator: a name from list_generators of the task grid that is ready.
        seed: a whole number from 0 to 4294967295, which draws the latent where none is given, and the noise.
        latent: a .npy file of a latent, float numbers of shape (D,), or (L, D) with one style for each layer.
        latent_space: of latents that are given: z, in front of the mapping network, or w, behind it.
        size: height and width in pixels, such as 256x1024; each from 8 to 8192, and 8388608 pixels at most; empty for
            the generator's native size.
        truncation: from 0, the mean picture, to 1, all the variety.
        noise: off or seeded; empty for off.
        precision: float32 or bfloat16; empty for float32.
        projection: of a plane: native, mirrored, extended or bent; empty for native.
        turn: degrees that a cylinder, or a mirrored plane, is turned by, from -360 to 360.
        field_of_view: degrees of a cylinder that are seen, 10 to 360, or of a bent plane, 10 to 170; 0 for the usual.
        window: a part of the whole as left,top,width,height in shares, such as 0.25,0,0.5,1; empty for all of it.
        second_seed: the seed of a second style; empty for none.
        second_latent: a latent in its place, as a .npy file.
        mask: where the second style takes over, a grey picture from black for the first to white for the second.
        centre: without a mask, the middle of the band that the second style takes over, in shares from 0 to 1.
        width: the width of that band, in shares.
        softness: over how much of the picture the styles change at its edges, in shares.
        levels: instead of a band, the levels of layers that take the second style, such as 1-2, from 1, the coarsest.
        sampling: all, foveated, or patch:K:SIGMA:X:Y; empty for all.

    Returns:
        The picture as a PNG that carries everything needed to make it again, and a report: generator, seed, size,
        whether its right edge goes on at the left, seconds by stage, and notes.
    """
    try:
        known = catalogue.ready_card(generator, "grid")
        given = {"noise": noise, "precision": precision, "projection": projection, "sampling": sampling}
        request = GridRequest(
            texture_size(size) if size else None,
            given_style(latent, latent_space, "latent") or Style(),
            truncation=truncation,
            turn=turn,
            field_of_view=field_of_view or None,
            window=window_of(window),
            options={name: value for name, value in given.items() if value},
        )
        second = second_of(second_seed, second_latent, latent_space)
        request = with_second(known, request, second, mask, (centre, width, softness), levels)
        task = grid_task(known, request, seed)
    except session.FAULTS as error:
        raise fault(error) from error
    return made(task)


@with_defaults
def panorama(
    generator: str = "cips-panorama",
    seed: int = 0,
    latent: str | None = None,
    latent_space: str = "w",
    size: str = "",
    truncation: float = 1,
    noise: str = "",
    precision: str = "",
    projection: str = "",
    turn: float = 0,
    second_seed: str = "",
    second_latent: str | None = None,
    mask: str | None = None,
    centre: float = CENTRE,
    width: float = WIDTH,
    softness: float = SOFTNESS,
) -> tuple[str, dict[str, Any]]:
    """Make a picture that goes all around, of one style or of two that blend into each other.

    Args:
        generator: a name from list_generators of the task grid that is ready; one of a cylinder closes by itself.
        seed: a whole number from 0 to 4294967295, which draws the latent where none is given, and the noise.
        latent: a .npy file of a latent, float numbers of shape (D,), or (L, D) with one style for each layer.
        latent_space: of latents that are given: z, in front of the mapping network, or w, behind it.
        size: height and width in pixels, such as 256x1024; empty for the native size of a cylinder, and for four times
            as wide as the native height of a plane.
        truncation: from 0, the mean picture, to 1, all the variety.
        noise: off or seeded; empty for off.
        precision: float32 or bfloat16; empty for float32.
        projection: of a plane: mirrored, which closes the circle and shows everything twice, extended, bent or native;
            empty for mirrored.
        turn: degrees that a cylinder, or a mirrored plane, is turned by, from -360 to 360.
        second_seed: the seed of a second style that takes over in a band; empty for none.
        second_latent: a latent in its place, as a .npy file.
        mask: where the second style takes over, a grey picture from black for the first to white for the second.
        centre: without a mask, the middle of the band that the second style takes over, in shares from 0 to 1.
        width: the width of that band, in shares.
        softness: over how much of the picture the styles change at its edges, in shares.

    Returns:
        The picture as a PNG that carries everything needed to make it again, and a report: generator, seed, size,
        whether its right edge goes on at the left, seconds by stage, and notes.
    """
    try:
        known = catalogue.ready_card(generator, "grid")
        given = {"noise": noise, "precision": precision, "projection": projection}
        request = GridRequest(
            texture_size(size) if size else None,
            given_style(latent, latent_space, "latent") or Style(),
            truncation=truncation,
            turn=turn,
            options={name: value for name, value in given.items() if value},
        )
        second = second_of(second_seed, second_latent, latent_space)
        request = with_second(known, as_panorama(known, request), second, mask, (centre, width, softness), "")
        task = grid_task(known, request, seed)
    except session.FAULTS as error:
        raise fault(error) from error
    return made(task)


@with_defaults
def invert(
    image: str,
    generator: str = "cips-landscape",
    space: str = "w+",
    steps: int = USUAL_STEPS,
    seed: int = 0,
    seconds: int = LIMIT,
) -> tuple[str, str, dict[str, Any]]:
    """Find the latent in which a generator shows a picture, to be changed by generate_grid, panorama and walk.

    Args:
        image: the picture; its middle is taken in the generator's proportions. A cylinder shows it in front, or, if it
            is at least three times as wide as high, all around.
        generator: a name from list_generators of the task grid that is ready.
        space: w, one style for all layers, or w+, one for each, which comes nearer.
        steps: a whole number from 1 to 2000.
        seed: a whole number from 0 to 4294967295, that of the search.
        seconds: a whole number from 1 to 3600; after so long the result is the best so far.

    Returns:
        The picture that was found as a PNG with its recipe, the latent as a .npy file of the space w, and a report:
        generator, ssim (structural similarity with the picture as it was compared, at most 1), l1 (mean absolute
        difference, 0 to 1), steps, the loss on the way, and notes.
    """
    try:
        known = catalogue.ready_card(generator, "grid")
        picture = read_image(uploaded_bytes(image, "picture"), "The picture")
        counted, limit = whole(steps, *STEPS, "The number of steps"), whole(seconds, *SECONDS, "The time in seconds")
        chosen = session.whole_seed(seed)
        check_inversion(picture, space, counted, chosen, limit)
        found = find_style(session.loaded(known.name), picture, space=space, steps=counted, seed=chosen, seconds=limit)
    except session.FAULTS as error:
        raise fault(error) from error
    result = session.finished(session.Task(known, found.request, chosen), found.picture)
    return result.path, SHELF.put(latent_npy(found.latent), "latent.npy"), found.report()


def given_style(latent: str | None, space: str, what: str) -> Style | None:
    """The style of an uploaded latent, if there is one. Raises a fault (`session.FAULTS`)."""
    if not latent:
        return None
    return Style(latent=read_latent(uploaded_bytes(latent, what), f"The {what}"), space=space)


def second_of(seed: str, latent: str | None, space: str) -> Style | None:
    """The second style, of a latent or of the digits of a seed, if there is one. Raises a fault."""
    digits = str(seed).strip()
    if latent and digits:
        raise RequestError("The second style has a seed and a latent; give one of the two.")
    if not digits:
        return given_style(latent, space, "second latent")
    if not re.fullmatch("[0-9]{1,10}", digits):
        raise RequestError(f"The second seed is {digits[:40]!r}; give a whole number from 0 to {MAX_SEED}.")
    return Style(seed=int(digits))


def with_second(
    known: Card, request: GridRequest, second: Style | None, mask: str | None, band: Band, levels: str
) -> GridRequest:
    """The request with a second style, mixed into levels, or blended by a mask or in a band. Raises a fault."""
    if second is None:
        if mask or levels:
            raise RequestError("There is no second style to blend or mix in; give one, or leave mask and levels out.")
        return request
    if levels:
        if mask:
            raise RequestError("A second style is blended in by a mask or mixed in by levels; give one of the two.")
        found = LEVELS.fullmatch(levels)
        if not found:
            raise RequestError(f"The levels are {levels[:40]!r}; give the first and the last, such as 1-2.")
        return replace(request, second=second, mixed=(int(found[1]), int(found[2])))
    if mask:
        return replace(request, second=second, mask=read_mask(uploaded_bytes(mask, "mask")))
    return banded(known, request, second, *band)


def window_of(text: str) -> tuple[float, float, float, float]:
    """The window in LEFT,TOP,WIDTH,HEIGHT, or the whole. Raises `RequestError`."""
    if not text:
        return WHOLE
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RequestError(f"The window is {text[:40]!r}; give left,top,width,height such as 0.25,0,0.5,1.") from error
    if not all(map(math.isfinite, (left, top, width, height))):
        raise RequestError(f"The window is {text[:40]!r}; give left,top,width,height such as 0.25,0,0.5,1.")
    return left, top, width, height


def grid_task(known: Card, request: GridRequest, seed: float) -> session.Task:
    """One picture to be made. Raises `RequestError` for what its generator cannot carry out."""
    check_request(known, request)
    closes(known, request)  # a patch that does not lie inside is told at once
    return session.Task(known, request, session.whole_seed(seed))


def made(task: session.Task) -> tuple[str, dict[str, Any]]:
    """The file of a task's picture, and its report. Raises `gr.Error`."""
    [result] = run_all([task])
    assert isinstance(task.request, GridRequest)
    return result.path, {**style_report(result), "wraps": closes(task.card, task.request)}
