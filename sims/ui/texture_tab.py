"""The tab "Texture": an example on the left, on the right more of it, of any size."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import TextureRequest
from sims.provenance import RecipeError
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.gallery import texture_groups, texture_picture
from sims.ui.generator_panel import seed_for_run
from sims.ui.layouts import uploaded_bytes
from sims.ui.method_panel import MethodPanel, build_method_panel, connect_methods, options_of
from sims.ui.page_part import event_text, page_part
from sims.ui.picture_drop import Place, given, picture_drop
from sims.ui.session import Result, Shown, Task, shown
from sims.ui.style_sources import sent, sent_style
from sims.ui.style_tab import StyleTab, ready
from sims.ui.texturing import EXAMPLE, shown_value, texture_task, told, with_example
from sims.ui.viewer import viewer

PLACE = Place("Example", "A picture of a texture", "example")
EMPTY = {
    "title": "The texture appears here",
    "text": "Choose one of the textures, or drop a picture of one, and press Make texture.",
}
SIZE = 256
RESTORED = 12  # fields that a restored picture sets, besides one for each option


@dataclass(frozen=True)
class TextureTab:
    """The tab's components that others listen to. `history` is the session's list of `session.Result`."""

    drop: gr.HTML
    example: gr.State
    file: gr.State
    height: gr.Number
    width: gr.Number
    methods: MethodPanel
    view: gr.HTML
    strip: gr.HTML
    history: gr.State
    task: gr.State  # the one last asked for

    @property
    def examples(self) -> list[Any]:
        """What another example changes, in the order of `new_example`."""
        return [self.drop, self.example, self.file]

    @property
    def asked(self) -> list[Any]:
        """The inputs of `asked_task` after the names of the options."""
        methods = self.methods
        fields = [self.example, self.file, self.height, self.width, methods.chosen, methods.seed]
        return [*fields, *methods.fields.values()]


def build_texture(demo: gr.Blocks) -> TextureTab:
    """Lay out the tab and connect its events."""
    example, file, history, task = gr.State(None), gr.State(None), gr.State([]), gr.State(None)
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
            view = viewer("texture-view", EMPTY)
            gr.HTML("<h2>This session</h2>", js_on_load=None, elem_classes="section-title")
            strip = page_part("strip", session.history_value([]), elem_id="texture-history", label="This session")
            restore = gr.UploadButton(
                "Open a picture made here",
                file_types=[".png"],
                size="sm",
                variant="secondary",
                elem_id="texture-restore",
            )
    texture = TextureTab(drop, example, file, height, width, methods, view, strip, history, task)
    drop.input(take_example, [drop, file], texture.examples, **INSTANT)
    gallery.choose(choose_example, None, texture.examples, **INSTANT)
    connect_methods(methods, demo)
    connect_runs(texture, go, halt)
    connect_restore(texture, restore)
    connect_told(texture, line)
    return texture


def connect_textures(texture: TextureTab, style: StyleTab, tabs: gr.Tabs) -> None:
    """Let textures be taken as style pictures, and pictures of both tabs as examples."""
    taken = texture.view.style(sent_style, texture.history, style.sources.styles, **INSTANT)
    taken.success(lambda: gr.update(selected="style"), None, tabs, **INSTANT)
    for tab in (texture, style):
        tab.view.example(sent_example, tab.history, [*texture.examples, tabs], **INSTANT)


def sent_example(results: list[Result], event: gr.EventData) -> list[Any]:
    """Take a picture of this session as the example, and show the tab."""
    image, _ = sent(results, event)
    if image is None:
        return [gr.skip()] * 4
    return [*new_example(image, shown(image, "example.png")), gr.update(selected="texture")]


def new_example(image: np.ndarray, file: Shown, note: str = "") -> list[Any]:
    """What `TextureTab.examples` become with another example."""
    return [PLACE.value(file, note), image, file]


def take_example(value: object, before: Shown | None) -> list[Any]:
    """Read the example that was given, or say in one sentence why not and keep the one before."""
    try:
        taken = given(value, PLACE)
    except session.FAULTS as error:
        return [PLACE.value(before, str(error), wrong=True), gr.skip(), gr.skip()]
    if taken is None:
        return [PLACE.value(None), None, None]
    return new_example(taken.image, taken.file, taken.note)


def choose_example(event: gr.EventData) -> list[Any]:
    """Take a texture of the gallery."""
    try:
        image = texture_picture(event_text(event, "key"))
    except session.FAULTS as error:
        warn(error)
        return [gr.skip()] * 3
    return new_example(image, shown(image, "example.png"))


def connect_runs(texture: TextureTab, go: gr.Button, halt: gr.Button) -> None:
    """Let the button make the texture, and Stop end that."""
    stop, names = gr.State(None), gr.State(tuple(texture.methods.fields))
    checked = go.click(
        prepare,
        [names, texture.methods.random, *texture.asked],
        [texture.task, stop, texture.view, texture.methods.seed, go, halt],
        **INSTANT,
    )
    page = [texture.view, texture.history, texture.strip]
    run = checked.success(make_texture, [texture.task, stop, texture.history], page, **PAGE, **ONE_AT_A_TIME)
    run.failure(refuse, texture.task, texture.view, **INSTANT)
    run.then(ready, None, [go, halt], **INSTANT)
    halt.click(halt_run, stop, halt, **INSTANT)


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
    drawn = seed_for_run(seed, random)
    try:
        task = asked_task(names, example, file, height, width, method, drawn, *options)
    except session.FAULTS as error:
        warn(error)
        return [None, *[gr.skip()] * 5]
    waiting = shown_value(Result(task))
    return [task, threading.Event(), waiting, drawn, gr.update(visible=False), gr.update(visible=True)]


def make_texture(task: Task | None, stop: threading.Event, history: list[Result]) -> Iterator[list[Any]]:
    """Make the texture, showing how it comes on; once it is finished it enters the history."""
    for results in session.run([task] if task else [], stop):
        if results is None:
            yield [gr.skip()] * 3
            continue
        [result], kept = results, session.keep(history, results)
        changed = [kept, session.history_value(kept)] if result.state == "done" else [gr.skip()] * 2
        yield [shown_value(result), *changed]


def refuse(task: Task | None) -> Any:
    """Say in the picture's place that its run was not accepted."""
    return gr.skip() if task is None else shown_value(session.refused([task])[0])


def connect_restore(texture: TextureTab, restore: gr.UploadButton) -> None:
    """Let the history and pictures made here bring back everything that they were made from."""
    methods = texture.methods
    names = gr.State(tuple(methods.fields))
    fields = [
        *texture.examples,
        *[texture.height, texture.width, methods.chosen, methods.seed, methods.random],
        *[texture.task, texture.view, texture.history, texture.strip],
        *methods.fields.values(),
    ]
    texture.strip.choose(reopen, [names, texture.history], fields, **INSTANT)
    restore.upload(open_file, [names, texture.history, restore], fields, **INSTANT)


def reopen(names: tuple[str, ...], history: list[Result], event: gr.EventData) -> list[Any]:
    """Bring back the texture and the settings of one result of this session."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None or not Path(kept.path).is_file():
        warn(session.GONE)
        return [gr.skip()] * (RESTORED + len(names))
    return bring_back(names, history, kept)


def open_file(names: tuple[str, ...], history: list[Result], path: str) -> list[Any]:
    """Bring back the texture and all settings from a PNG that was made here."""
    try:
        result = with_example(session.restore(uploaded_bytes(path, "picture"), "texture"))
    except (RecipeError, *session.FAULTS) as error:
        warn(error)
        return [gr.skip()] * (RESTORED + len(names))
    return bring_back(names, session.keep(history, [result]), result)


def bring_back(names: tuple[str, ...], history: list[Result], result: Result) -> list[Any]:
    """All settings of a finished texture, and the texture itself."""
    task, request = result.task, result.task.request
    assert isinstance(request, TextureRequest)
    at_hand = task.card.name in (known.name for known in catalogue.ready_cards("texture"))
    if not at_hand:
        warn(f"Its method, {task.card.name}, is not at hand here; the other settings are back.")
    options = [request.options.get(name, gr.skip()) if at_hand else gr.skip() for name in names]
    return [
        *new_example(request.example, task.given[EXAMPLE]),
        *[*request.size, task.card.name if at_hand else gr.skip(), task.seed, False],
        *[task, shown_value(result), history, session.history_value(history)],
        *options,
    ]


def connect_told(texture: TextureTab, line: gr.Markdown) -> None:
    """Keep the line up to date that tells size, time and seams before the work."""
    methods = texture.methods
    names = gr.State(tuple(methods.fields))
    fields = [texture.example, texture.height, texture.width, methods.chosen, *methods.fields.values(), texture.history]
    changes = [field.change for field in fields]
    gr.on(changes, tell, [names, texture.history, *texture.asked], line, **INSTANT, trigger_mode="always_last")


def tell(names: tuple[str, ...], history: list[Result], example: np.ndarray | None, *asked: Any) -> str:
    """What is known of the texture that would be made now; what is wrong with the fields, as soon as it is."""
    if example is None:
        return ""
    try:
        return told(asked_task(names, example, *asked), history)
    except session.FAULTS as error:
        return str(error)
