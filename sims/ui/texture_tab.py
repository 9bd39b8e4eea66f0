"""The tab "Texture": an example on the left, on the right more of it, of any size."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import TextureRequest
from sims.ui import session
from sims.ui.events import INSTANT
from sims.ui.gallery import texture_groups, texture_picture
from sims.ui.generator_panel import seed_for_run
from sims.ui.method_panel import MethodPanel, build_method_panel, connect_methods, options_of
from sims.ui.one_picture import (
    OnePicture,
    brought_back,
    build_one_picture,
    connect_opened,
    connect_run,
    making,
    not_possible,
    read_file,
    restored_method,
    waiting,
)
from sims.ui.page_part import page_part
from sims.ui.picture_drop import Place, choose_picture, new_picture, picture_drop, take_picture
from sims.ui.session import Result, Shown, Task, shown
from sims.ui.style_sources import sent, sent_style
from sims.ui.style_tab import StyleTab
from sims.ui.texturing import EXAMPLE, shown_value, texture_task, told, with_example

PLACE = Place("Example", "A picture of a texture", "example")
EMPTY = {
    "title": "The texture appears here",
    "text": "Choose one of the textures, or drop a picture of one, and press Make texture.",
}
SIZE = 256


@dataclass(frozen=True)
class TextureTab:
    """The tab's components that others listen to."""

    drop: gr.HTML
    example: gr.State
    file: gr.State
    height: gr.Number
    width: gr.Number
    methods: MethodPanel
    one: OnePicture

    @property
    def examples(self) -> list[Any]:
        """What another example changes, in the order of `sims.ui.picture_drop.new_picture`."""
        return [self.drop, self.example, self.file]

    @property
    def asked(self) -> list[Any]:
        """The inputs of `asked_task` after the names of the options."""
        methods = self.methods
        fields = [self.example, self.file, self.height, self.width, methods.chosen, methods.seed]
        return [*fields, *methods.fields.values()]


def build_texture(demo: gr.Blocks) -> TextureTab:
    """Lay out the tab and connect its events."""
    example, file = gr.State(None), gr.State(None)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=340, elem_classes="desk-left"):
            drop = picture_drop(PLACE, "texture-example")
            gallery = page_part("strip", {"groups": texture_groups()}, elem_id="texture-gallery", label="Textures")
            with gr.Row(elem_id="texture-run"):
                width, height = (  # bounds are checked later, where a whole sentence can say so
                    gr.Number(SIZE, step=16, label=side, min_width=90, elem_id=f"texture-{side.lower()}")
                    for side in ("Width", "Height")
                )
                go = gr.Button("Make texture", variant="primary", size="lg", min_width=160, elem_id="texture-go")
                halt = gr.Button("Stop", size="lg", min_width=160, visible=False, elem_id="texture-stop")
            line = gr.Markdown("", elem_id="texture-told", elem_classes="hint")
            methods = build_method_panel("texture")
        with gr.Column(scale=7, min_width=340, elem_classes="desk-right"):
            one = build_one_picture("texture", EMPTY)
    texture = TextureTab(drop, example, file, height, width, methods, one)
    drop.input(take_example, [drop, file], texture.examples, **INSTANT)
    gallery.choose(choose_example, None, texture.examples, **INSTANT)
    connect_methods(methods, demo)
    connect_runs(texture, go, halt)
    connect_restore(texture)
    connect_told(texture, line)
    return texture


def connect_textures(texture: TextureTab, style: StyleTab, tabs: gr.Tabs) -> None:
    """Let textures be taken as style pictures, and pictures of both tabs as examples."""
    taken = texture.one.view.style(sent_style, texture.one.history, style.sources.styles, **INSTANT)
    taken.success(lambda: gr.update(selected="style"), None, tabs, **INSTANT)
    for one in (texture.one, style.one):
        one.view.example(sent_example, one.history, [*texture.examples, tabs], **INSTANT)


def sent_example(results: list[Result], event: gr.EventData) -> list[Any]:
    """Take a picture of this session as the example, and show the tab."""
    image, _ = sent(results, event)
    if image is None:
        return [gr.skip()] * 4
    return [*new_picture(PLACE, image, shown(image, "example.png")), gr.update(selected="texture")]


def take_example(value: object, before: Shown | None) -> list[Any]:
    """Read the example that was given, or say in one sentence why not and keep the one before."""
    return take_picture(PLACE, value, before)


def choose_example(event: gr.EventData) -> list[Any]:
    """Take a texture of the gallery."""
    return choose_picture(PLACE, texture_picture, "example.png", event)


def connect_runs(texture: TextureTab, go: gr.Button, halt: gr.Button) -> None:
    """Let the button make the texture, and Stop end that."""
    one, names = texture.one, gr.State(tuple(texture.methods.fields))
    checked = go.click(
        prepare,
        [names, texture.methods.random, *texture.asked],
        [one.asked, one.stop, one.view, texture.methods.seed, go, halt],
        **INSTANT,
    )
    connect_run(one, checked, make_texture, go, halt)


def asked_task(
    names: tuple[str, ...],
    example: np.ndarray | None,
    file: Shown | None,
    height: object,
    width: object,
    method: str | None,
    seed: object,
    *options: Any,
) -> Task:
    """The task that the fields ask for. Raises a fault (`session.FAULTS`)."""
    return texture_task(example, file, (height, width), method, seed, options_of(names, options))


def prepare(
    names: tuple[str, ...],
    random: bool,
    example: np.ndarray | None,
    file: Shown | None,
    height: object,
    width: object,
    method: str | None,
    seed: int | None,
    *options: Any,
) -> list[Any]:
    """Check everything that was asked for, and show that the texture is on its way."""
    try:
        drawn = seed_for_run(seed, random)
        task = asked_task(names, example, file, height, width, method, drawn, *options)
    except session.FAULTS as error:
        return not_possible(error)
    return waiting(task, shown_value, drawn)


def make_texture(task: Task | None, stop: threading.Event) -> Iterator[Any]:
    """Make the texture, showing how it comes on."""
    yield from making(task, stop, shown_value)


def connect_restore(texture: TextureTab) -> None:
    """Let the history and pictures made here bring back everything that they were made from."""
    one, methods = texture.one, texture.methods
    names = gr.State(tuple(methods.fields))
    fields = [
        *one.restored,
        *texture.examples,
        *[texture.height, texture.width, methods.chosen, methods.seed, methods.random],
        *methods.fields.values(),
    ]
    for opened in connect_opened(one, open_file):
        opened.success(bring_back, [names, one.opened, one.history], fields, **INSTANT)


def open_file(path: str) -> Result | None:
    """The texture in a PNG that was made here, with its example."""
    result = read_file(path, "texture")
    return with_example(result) if result else None


def bring_back(names: tuple[str, ...], result: Result | None, history: list[Result]) -> Any:
    """All settings of a finished texture, and the texture itself."""
    if result is None:
        return gr.skip()
    task, request = result.task, result.task.request
    assert isinstance(request, TextureRequest)
    method, options = restored_method(task, "texture", names)
    return [
        *brought_back(result, history, shown_value),
        *new_picture(PLACE, request.example, task.given[EXAMPLE]),
        *[*request.size, method, task.seed, False],
        *options,
    ]


def connect_told(texture: TextureTab, line: gr.Markdown) -> None:
    """Keep the line up to date that tells size, time and seams before the work."""
    methods = texture.methods
    names = gr.State(tuple(methods.fields))
    fields = [
        texture.example,
        texture.height,
        texture.width,
        methods.chosen,
        *methods.fields.values(),
        texture.one.history,
    ]
    changes = [field.change for field in fields]
    gr.on(changes, tell, [names, texture.one.history, *texture.asked], line, **INSTANT, trigger_mode="always_last")


def tell(names: tuple[str, ...], history: list[Result], example: np.ndarray | None, *asked: Any) -> str:
    """What is known of the texture that would be made now; what is wrong with the fields, as soon as it is."""
    if example is None:
        return ""
    try:
        return told(asked_task(names, example, *asked), history)
    except session.FAULTS as error:
        return str(error)
