"""What one person's session does, without a page: plans pictures, makes them one by one, keeps and restores them."""

from __future__ import annotations

import base64
import io
import itertools
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sims.generator import (
    MAX_SEED,
    REQUESTS,
    WORKS_FROM,
    Cancelled,
    Card,
    Generator,
    GridRequest,
    ImageRequest,
    LayoutRequest,
    Picture,
    Preview,
    Progress,
    Request,
    RequestError,
    StyleRequest,
    TextureRequest,
    check_request,
    check_seed,
    silent,
    unseen,
)
from sims.image_files import ImageError, encode_png, read_image
from sims.layout import Layout, LayoutError
from sims.load import WITHOUT_WEIGHTS, LoadError, card, load
from sims.memory.bank_file import BankError
from sims.memory.pipeline import SimsGenerator
from sims.provenance import RecipeError, picture_png, read_recipe
from sims.ui.catalogue import named_entry
from sims.ui.grid_words import said_of
from sims.ui.held import fitting
from sims.ui.page_part import file_value
from sims.ui.shelf import SHELF
from sims.ui.work import Work
from zoo import ZooError, find

HISTORY = 24  # results a session keeps
HISTORY_BYTES = 200_000_000  # of the pictures and label maps that they were made from
MAX_PICTURES = 48  # pictures one press of a button can ask for
NEW_SEEDS = 1_000_000  # a drawn seed stays short enough to be read out
THUMBNAIL = (192, 120)
GRID_SIZE = (256, 1024)  # of a picture on a grid whose generator is not known here
PREVIEW = (800, 800)  # of a picture that is still being made, at most
DIVERSE = 5  # pictures of one layout with segments drawn from the memory, as the paper's supplement shows them
CANDIDATES = "candidates"  # the option that tells a generator with a memory of segments
GONE = "That picture is no longer in this session's history."
WHERE = {  # a picture of each task is opened again
    "layout": "open it in the tab Layout synthesis",
    "image": "there are no settings in it that this page could bring back",
    "style": "open it in the tab Style transfer",
    "texture": "open it in the tab Texture",
    "grid": "open it in the tab Panorama",
}
NO_HISTORY = "What you make in this session is kept here."
# These say in one sentence what is wrong.
FAULTS = (RequestError, LayoutError, ImageError, LoadError, ZooError, BankError)

log = logging.getLogger("sims")
_keys = itertools.count(1)


@dataclass(frozen=True)
class Shown:
    """A picture beside the result: its PNG and its size (height, width)."""

    path: str
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Task:
    """One picture to be made. `request` may be any that the generator of `card` carries out.

    `given` are the pictures that it is made from, by name, as far as the page shows them beside the result. `varies` is
    the key of the task whose picture is merely shown at another strength: the history keeps the last of those alone.
    """

    card: Card
    request: Request
    seed: int
    notes: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: f"r{next(_keys)}")
    given: Mapping[str, Shown] = field(default_factory=dict)
    varies: str = ""

    @property
    def said(self) -> str:
        """Those of its options that are not the default, in words."""
        defaults = {choice.name: choice.default for choice in self.card.options}
        chosen = {name: value for name, value in self.request.options.items() if value != defaults.get(name)}
        said = [f"{name.replace('_', ' ')} {value}" for name, value in chosen.items()]
        if isinstance(self.request, StyleRequest) and self.request.strength < 1:
            said.insert(0, f"strength {self.request.strength:.0%}")
        if isinstance(self.request, GridRequest):
            said = [*said_of(self.request), *said]
        return ", ".join(said)

    @property
    def layout_request(self) -> LayoutRequest:
        """Its request, for those tasks that begin with a layout."""
        assert isinstance(self.request, LayoutRequest)
        return self.request

    def make(self, progress: Progress, preview: Preview = unseen) -> Result:
        """Make the picture. Raises a fault (`FAULTS`), or `Cancelled` from `progress`."""
        progress(0.0, "loading")
        generator = loaded(self.card.name, progress)
        picture = generator.generate(self.request, seed=self.seed, progress=progress, preview=preview)
        result = finished(self, picture)
        if isinstance(generator, SimsGenerator) and self.request.options.get("completion") == "on":
            completed = generator.stages(self.layout_request, seed=self.seed).layout  # kept since it was made
            result = replace(result, completed=thumbnail(completed.colours()))
        return result


@dataclass(frozen=True, eq=False)
class Result:
    """What became of a task so far. What is known of the picture is set once the state is "done"."""

    task: Task
    state: str = "waiting"  # waiting, running, done, failed or stopped
    fraction: float = 0.0
    what: str = "Waiting"
    error: str = ""
    path: str = ""  # its PNG, which carries all settings
    size: tuple[int, int] | None = None  # (height, width)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    thumbnail: str = ""  # a data URI
    completed: str = ""  # that of the layout, where it was completed before
    preview: str = ""  # how it comes on while it is being made, a data URI
    shown: Mapping[str, Shown] = field(default_factory=dict)  # the pictures on the way, by name and in order
    beside: Mapping[str, Shown] = field(default_factory=dict)  # what else explains it, of any size

    def page_value(self) -> dict[str, Any]:
        """This result as the data of a card."""
        height, width = self.size or expected_size(self.task)
        return {
            "key": self.task.key,
            "generator": self.task.card.name,
            "title": self.task.card.title,
            "seed": self.task.seed,
            "said": self.task.said,
            "stages": has_stages(self.task.card),
            "completed": self.completed,
            "state": self.state,
            "fraction": self.fraction,
            "what": self.what,
            "error": self.error,
            "notes": [*self.task.notes, *self.notes],
            "seconds": list(map(list, self.seconds.items())),
            "width": width,
            "height": height,
            "file": file_value(self.path) if self.path else None,
            "file_name": Path(self.path).name,
        }


def plan(
    names: Sequence[str],
    layout: Layout,
    *,
    seed: int,
    style: np.ndarray | None = None,
    options: Mapping[str, str] | None = None,
) -> list[Task]:
    """One task for each generator in `names`, checked as far as a request can be without its network.

    A style picture and options reach the generators that know them. Raises `RequestError` or `ZooError`.
    """
    if not names:
        raise RequestError("Choose at least one generator.")
    if len(names) > MAX_PICTURES:
        raise RequestError(f"That asks for {len(names)} pictures; ask for at most {MAX_PICTURES} at once.")
    check_seed(seed)
    tasks = []
    for name in dict.fromkeys(names):
        known = card(named_entry(name).name)
        names_known = {choice.name for choice in known.options}
        chosen = {key: value for key, value in (options or {}).items() if key in names_known}
        request = LayoutRequest(layout, style if known.accepts_style else None, chosen)
        check_request(known, request)
        ignored = style is not None and not known.accepts_style
        notes = (f"{known.title} takes no style picture, so it was left out.",) if ignored else ()
        tasks.append(Task(known, request, seed, notes))
    return tasks


def has_stages(known: Card) -> bool:
    """Whether pictures of this generator are made from segments of a memory, whose stages can be looked at."""
    return any(choice.name == CANDIDATES for choice in known.options)


def diverse(task: Task) -> list[Task]:
    """The same layout five times, its segments drawn by the seeds from this one on; they wrap around at the largest.

    Raises `RequestError` for a generator without a memory.
    """
    if not has_stages(task.card):
        raise RequestError(f"{task.card.title} works without a memory, so there is nothing to draw from.")
    options = {**task.request.options, "variety": "diverse", CANDIDATES: ""}
    seeds = ((task.seed + step) % (MAX_SEED + 1) for step in range(DIVERSE))
    return [plan([task.card.name], task.layout_request.layout, seed=seed, options=options)[0] for seed in seeds]


def run(tasks: Sequence[Task], stop: threading.Event) -> Iterator[list[Result] | None]:
    """The results of all tasks, again after each change; None when nothing changed for a moment.

    Setting `stop`, or closing the iterator, ends the running task at its next stage and starts no other. A task
    that fails does not keep the others from running.
    """
    results = [Result(task) for task in tasks]
    if not results:
        yield None  # Gradio clears what a generator should have changed that yields nothing at all
    for index in range(len(results)):
        for result in _run_one(results[index], stop):
            if result is None:
                yield None
                continue
            results[index] = result
            yield list(results)


def _run_one(result: Result, stop: threading.Event) -> Iterator[Result | None]:
    if stop.is_set():
        yield replace(result, state="stopped")
        return
    latest: list[np.ndarray | None] = [None]
    preview, drawn = "", None
    work = Work(partial(result.task.make, preview=partial(latest.__setitem__, 0)), stop)
    for news in work.reports():
        if latest[0] is not drawn:
            drawn, news = latest[0], True
            preview = thumbnail(drawn, PREVIEW) if drawn is not None else ""
        moved = replace(result, state="running", fraction=work.fraction, what=work.what, preview=preview)
        yield moved if news else None
    try:
        yield work.result()
    except Cancelled:
        yield replace(result, state="stopped")
    except FAULTS as error:
        yield replace(result, state="failed", error=str(error))
    except Exception:
        log.exception("%s failed", result.task.card.name)
        yield replace(result, state="failed", error=f"{result.task.card.title} failed; the server's log says why.")


def loaded(name: str, progress: Progress = silent) -> Generator:
    """The generator called `name` on the device that the environment names. Raises a fault (`FAULTS`)."""
    return load(name, device=os.environ.get("SIMS_DEVICE", "auto"), progress=progress)


def refused(tasks: Sequence[Task]) -> list[Result]:
    """The results of tasks that the full queue did not take."""
    sentence = "Too many people are waiting; try again in a moment."
    return [Result(task, state="failed", error=sentence) for task in tasks]


def finished(task: Task, picture: Picture) -> Result:
    """The result of a task whose picture has been made."""
    return Result(
        task,
        state="done",
        path=SHELF.put(picture_png(picture), f"{picture.generator}-seed{picture.seed}.png"),
        size=picture.image.shape[:2],
        seconds=picture.seconds,
        notes=picture.notes,
        thumbnail=thumbnail(picture.image),
        shown={name: shown(image, f"{name}.png") for name, image in picture.stages.items()},
    )


def shown(image: np.ndarray, name: str) -> Shown:
    """An RGB uint8 picture (H, W, 3) as a file called `name` that the page can show."""
    return Shown(SHELF.put(encode_png(image), name), image.shape[:2])


def keep(history: Sequence[Result], results: Sequence[Result]) -> list[Result]:
    """The history, newest first, with the finished ones of `results` that it does not hold yet.

    The oldest make room: for more than `HISTORY` of them, and for what they were made from, above `HISTORY_BYTES`.
    """
    known = {result.task.key for result in history}
    new = [result for result in results if result.state == "done" and result.task.key not in known]
    varied = {result.task.varies for result in new} - {""}
    rest = [result for result in history if result.task.varies not in varied]
    newest = [*reversed(new), *rest][:HISTORY]
    return newest[: fitting((result.task.request for result in newest), HISTORY_BYTES)]


def kept(history: Sequence[Result], key: str) -> Result | None:
    """The result with this key, as long as the history holds it."""
    return next((result for result in history if result.task.key == key), None)


def cards(results: Sequence[Result]) -> dict[str, Any]:
    """The value of the page's cards."""
    return {"cards": [result.page_value() for result in results]}


def in_words(task: Task) -> str:
    """A task in a line: its generator, its seed, and those of its options that are not the default."""
    return ", ".join(filter(None, (task.card.title, f"seed {task.seed}", task.said)))


def history_value(history: Sequence[Result], title: Callable[[Task], str] = in_words) -> dict[str, Any]:
    """The value of the history strip."""
    items = [{"key": one.task.key, "title": title(one.task), "src": one.thumbnail} for one in history]
    return {"groups": [{"title": "", "items": items}] if items else [], "empty": NO_HISTORY}


def restore(png: bytes, task: str = "layout") -> Result:
    """The picture in a PNG made here as a finished result, whose task has all settings.

    Raises `RecipeError` (one sentence) for any other file, for a picture that was made by another `task`, a key of
    `sims.requests.REQUESTS`, and for settings that the generator at hand does not know.
    """
    recipe = read_recipe(png)
    request = recipe.request
    if not isinstance(request, REQUESTS[task]):
        made = next(name for name, kind in REQUESTS.items() if isinstance(request, kind))
        raise RecipeError(
            f"This picture was not made from {WORKS_FROM[task]} but from {WORKS_FROM[made]}; {WHERE[made]}."
        )
    known = _restored_card(recipe.generator, task)
    notes: tuple[str, ...] = ()
    try:
        image = read_image(png, "The picture")
        if known.revision:  # only of a generator at hand are all options known
            check_request(known, request)
    except (ImageError, RequestError) as error:
        raise RecipeError(str(error)) from error
    if known.revision not in ("", recipe.revision):
        notes = (f"Made with {_unlike(recipe.revision, known.revision)}; the same settings give another picture here.",)
    return Result(
        Task(known, request, recipe.seed, notes),
        state="done",
        path=SHELF.put(png, f"{recipe.generator}-seed{recipe.seed}.png"),
        size=image.shape[:2],
        seconds=recipe.seconds,
        thumbnail=thumbnail(image),
    )


def _unlike(revision: str, known: str) -> str:
    """What of a revision is not as in the one that is here: the weights, or the memory that stands behind a plus."""
    weights, _, memory = revision.partition("+")
    if weights == known.partition("+")[0]:
        return f"another memory (revision {memory})" if memory else "another memory"
    return f"other weights (revision {weights[:12]})"


def _restored_card(name: str, task: str) -> Card:
    """The card of a generator; one that is not known here, such as a folder of somebody's own, keeps its name."""
    try:
        return card(name if name in WITHOUT_WEIGHTS else find(name).name)
    except (LoadError, ZooError):
        return Card(name, name, "", task, None)


def expected_size(task: Task) -> tuple[int, int]:
    """(height, width) that the picture will probably have: the page keeps its place for it."""
    request = task.request
    if isinstance(request, StyleRequest):
        return request.content.shape[:2]
    if isinstance(request, TextureRequest):
        return request.size
    if isinstance(request, GridRequest):
        return request.size or task.card.native_size or GRID_SIZE
    if isinstance(request, ImageRequest):
        return task.card.native_size or request.image.shape[:2]
    return task.card.native_size or request.layout.size


def new_seed() -> int:
    """A seed drawn afresh."""
    return secrets.randbelow(NEW_SEEDS)


def whole_seed(value: object) -> int:
    """The seed in a number field. Raises `RequestError` unless it is a whole number in range."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    check_seed(value)  # type: ignore[arg-type]
    return int(value)  # type: ignore[call-overload]


def picture_file(image: np.ndarray) -> str:
    """The path of a PNG of an RGB uint8 picture (H, W, 3)."""
    return SHELF.put(encode_png(image), "style.png")


def thumbnail(image: np.ndarray, most: tuple[int, int] = THUMBNAIL) -> str:
    """A small WebP of an RGB or RGBA uint8 picture (H, W, 3 or 4), as a data URI; `most` is (width, height)."""
    small = Image.fromarray(image)
    small.thumbnail(most)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
