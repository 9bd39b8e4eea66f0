"""The programs' way in to walks between styles, as in `sims.ui.api`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sims.animation import check_pace
from sims.cips_walk import FRAMES, WalkRequest, check_walk
from sims.generator import GridRequest, silent, unseen
from sims.grid_request import Style
from sims.latent_files import read_latent
from sims.ui import catalogue, session
from sims.ui.api import fault, named_options, with_defaults
from sims.ui.events import ONE_AT_A_TIME
from sims.ui.layouts import uploaded_bytes
from sims.ui.style_api import texture_size
from sims.ui.walking import RATES, WalkTask, make_film, seeds_in, whole


def build_walk_api() -> None:
    """Add the endpoint to the page that is being built."""
    with gr.Row(visible=False):
        generator, seeds = gr.Textbox("cips-panorama", label="generator"), gr.Textbox("1,2", label="seeds")
        frames, size = gr.Number(48, label="frames"), gr.Textbox("", label="size")
        truncation, turn = gr.Number(1, label="truncation"), gr.Number(0, label="turn")
        rate, kind = gr.Number(12, label="rate"), gr.Textbox("webp", label="kind")
        latent, space = gr.File(label="latent", file_types=[".npy"]), gr.Textbox("w", label="latent_space")
        seed, options = gr.Number(0, label="seed"), gr.Textbox("", label="options")
        film, report = gr.File(label="film"), gr.JSON(label="report")
        button = gr.Button()
    button.click(
        walk,
        [generator, seeds, frames, size, truncation, turn, rate, kind, latent, space, seed, options],
        [film, report],
        api_name="walk",
        **ONE_AT_A_TIME,
    )


@with_defaults
def walk(
    generator: str = "cips-panorama",
    seeds: str = "1,2",
    frames: int = 48,
    size: str = "",
    truncation: float = 1,
    turn: float = 0,
    rate: int = 12,
    kind: str = "webp",
    latent: str | None = None,
    latent_space: str = "w",
    seed: int = 0,
    options: str = "",
) -> tuple[str, dict[str, Any]]:
    """Make a short film that goes from style to style and ends where it begins, to be played over and over.

    Args:
        generator: a name from list_generators of the family cips that is ready.
        seeds: the seeds of the styles on the way, with commas between them; with the latent, 2 to 8 styles in all.
        frames: how many pictures, a whole number from 4 to 120.
        size: height and width of a frame in pixels, such as 128x512; each from 8 to 1024, and all frames together at
            most 16777216 pixels; empty for the generator's native size.
        truncation: from 0, the mean picture, to 1, all the variety.
        turn: how far a panorama turns meanwhile, in degrees: 0, 360, -360, 720 or -720.
        rate: frames a second, a whole number from 4 to 30.
        kind: webp or gif.
        latent: a .npy file of a latent that the film begins with, as the inversion of a picture returns it.
        latent_space: z, in front of the mapping network, or w, behind it; one w for each layer is of the space w, too.
        seed: a whole number from 0 to 4294967295, that of the noise where the options ask for noise.
        options: options of the generator as NAME=VALUE with semicolons between them, such as projection=mirrored.

    Returns:
        The film as an animated WebP or GIF, and a report: generator, frames, size, and the length of a loop in seconds.
    """
    try:
        known = catalogue.ready_card(generator, "grid")
        view = GridRequest(texture_size(size) if size else None, truncation=truncation, options=named_options(options))
        counted = whole(frames, *FRAMES, "The number of frames")
        request = WalkRequest(walked_stops(seeds, latent, latent_space), counted, turn, view)
        check_walk(known, request)
        task = WalkTask(known, request, session.whole_seed(seed), whole(rate, *RATES, "The rate"), kind)
        check_pace(kind, task.milliseconds)
        film = make_film(task, silent, unseen)
    except session.FAULTS as error:
        raise fault(error) from error
    height, width = film.size
    report = {
        "generator": known.name,
        "frames": counted,
        "size": {"height": height, "width": width},
        "seconds_a_loop": counted * task.milliseconds / 1000,
    }
    return film.path, report


def walked_stops(seeds: str, latent: str | None, space: str) -> tuple[Style, ...]:
    """The styles on the way, a latent first if there is one. Raises a fault (`session.FAULTS`)."""
    begin = []
    if latent:
        begin = [Style(latent=read_latent(uploaded_bytes(latent, "latent"), "The latent"), space=space)]
    return (*begin, *(Style(seed=seed) for seed in seeds_in(seeds)))
