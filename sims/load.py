"""From a name or a folder to a loaded generator."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch

from sims.cips_generator import CipsGenerator
from sims.crn import CrnGenerator
from sims.generator import Card, Generator, Progress, silent
from sims.label_space import label_space, label_space_names
from sims.memory.bank import Bank
from sims.memory.composition import SIZE
from sims.memory.pipeline import SimsGenerator
from sims.pix2pix import TranslationGenerator
from sims.spade import SpadeGenerator
from sims.style.gatys import GatysGenerator
from sims.style.pis import PisGenerator
from sims.style.texture import SteerableTexture
from zoo.catalog import Entry, find
from zoo.convert import FAMILIES as CONVERTED
from zoo.convert import ConvertError, checked_config, expected_shapes
from zoo.errors import ZooError
from zoo.files import CONFIG, read_config, read_weights
from zoo.hub import Checkpoint, availability, checkpoint_at, obtain

Family = (
    type[SpadeGenerator]
    | type[TranslationGenerator]
    | type[CrnGenerator]
    | type[SimsGenerator]
    | type[PisGenerator]
    | type[GatysGenerator]
    | type[CipsGenerator]
)
FAMILIES: dict[str, Family] = {
    "spade": SpadeGenerator,
    "pix2pix": TranslationGenerator,
    "cyclegan": TranslationGenerator,
    "huggan": TranslationGenerator,
    "crn": CrnGenerator,
    "sims": SimsGenerator,
    "photo_wct": PisGenerator,
    "vgg": GatysGenerator,
    "cips": CipsGenerator,
}
WITHOUT_WEIGHTS: dict[str, type[SteerableTexture]] = {"steerable": SteerableTexture}  # by name; no checkpoint, no entry
SHORT = 12  # characters of a bank's revision that stand in that of its generator


class LoadError(ValueError):
    """A checkpoint that cannot be made into a generator; its text is one sentence meant for the person who asked."""


def load(name_or_folder: str | Path, *, device: str = "auto", progress: Progress = silent) -> Generator:
    """The generator of a catalogue name, of a checkpoint folder, or that needs no checkpoint, ready to use.

    `device` is "cpu", "cuda" or "auto", which takes CUDA where there is any. Loaded networks are kept, the least
    recently used leaving first, within SIMS_MEMORY_MB megabytes (3000 unless set). Raises `zoo.ZooError` if the
    checkpoint or its memory bank cannot be had, `LoadError` if it or the device cannot be used, `BankError` if its bank
    cannot.
    """
    _set_up_torch()
    limit = _memory_limit()
    where = chosen_device(device)
    if str(name_or_folder) in WITHOUT_WEIGHTS:
        return WITHOUT_WEIGHTS[str(name_or_folder)](where)
    checkpoint = _checkpoint(name_or_folder, progress)
    config = _config(checkpoint)
    bank = _bank_source(checkpoint, config, progress)  # a download, while others may load
    with _loaded.lock:
        key = (_identity(checkpoint), _identity(bank) if bank else (), where.type)
        generator = _loaded.get(key)
        if generator is None:
            progress(0.95, "load the weights")
            generator = _build(name_or_folder, checkpoint, config, bank, where)
            _loaded.put(key, generator)
        _loaded.trim(limit)
    return generator


def card(name_or_folder: str | Path) -> Card:
    """What is known of a generator without loading its weights; of one that is not here, what the catalogue says."""
    if str(name_or_folder) in WITHOUT_WEIGHTS:
        return WITHOUT_WEIGHTS[str(name_or_folder)](torch.device("cpu")).card
    if not _is_folder(name_or_folder) and not availability(find(str(name_or_folder))).ready:
        return entry_card(find(str(name_or_folder)))
    checkpoint = _checkpoint(name_or_folder, silent)
    config = _config(checkpoint)
    return _card(name_or_folder, checkpoint, config, _bank_here(checkpoint, config))


def _build(
    name_or_folder: str | Path,
    checkpoint: Checkpoint,
    config: Mapping[str, Any],
    bank: Checkpoint | None,
    device: torch.device,
) -> Generator:
    described = _card(name_or_folder, checkpoint, config, bank)
    tensors = read_weights(checkpoint.folder)
    wanted = expected_shapes(config)
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if found != wanted:
        wrong = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        raise LoadError(
            f"{_called(checkpoint)} does not hold the weights its config.json describes: {len(wrong)} tensors differ,"
            f" first {wrong[0]} ({found.get(wrong[0], 'missing')} for {wanted.get(wrong[0], 'nothing')})."
        )
    family = FAMILIES[config["family"]]
    if family is SimsGenerator:
        return SimsGenerator(described, config, tensors, device, _bank(checkpoint, config, bank) if bank else None)
    assert not issubclass(family, SimsGenerator)
    return family(described, config, tensors, device)


def _identity(checkpoint: Checkpoint) -> tuple[str, ...]:
    """What tells a checkpoint, or a bank, from what was in its folder before: its weights and its configuration."""
    written = (checkpoint.folder / CONFIG).read_bytes()
    return str(checkpoint.folder), checkpoint.revision, hashlib.sha256(written).hexdigest()


def _bank_source(checkpoint: Checkpoint, config: Mapping[str, Any], progress: Progress) -> Checkpoint | None:
    """Where the memory of a checkpoint lies, if it has one: a bank of the catalogue, or its own folder `bank`."""
    if config.get("memory", "none") == "none":
        return None
    if config["bank"] is not None:
        return obtain(config["bank"], progress=progress)
    inside = checkpoint.folder / "bank"
    if not inside.is_dir():
        raise LoadError(
            f"{_called(checkpoint)} has no memory bank; build one with python -m sims bank build into the folder"
            f" {inside if checkpoint.entry is None else 'bank beside its weights'}, or name one in its config.json."
        )
    return checkpoint_at(inside)


def _bank_here(checkpoint: Checkpoint, config: Mapping[str, Any]) -> Checkpoint | None:
    """The memory's place if it is on this disk and can be read; a card does without."""
    try:
        if config.get("bank") is not None and not availability(find(config["bank"])).ready:
            return None
        return _bank_source(checkpoint, config, silent)
    except (LoadError, ZooError):
        return None


def _bank(checkpoint: Checkpoint, config: Mapping[str, Any], source: Checkpoint) -> Bank:
    """The open memory of a SIMS checkpoint, which several may share."""
    key = _identity(source)
    bank = _banks.get(key)
    if bank is None:
        name = source.entry.name if source.entry else None
        if name is None and checkpoint.entry:
            name = f"the bank of {checkpoint.entry.name}"  # no path: others can read what a page says
        bank = _banks[key] = Bank.open(source.folder, name)
    if bank.space.name != config["label_space"]:
        raise LoadError(
            f"{_called(checkpoint)} reads layouts of the space {config['label_space']}, and its memory bank is of"
            f" {bank.space.name}; name a bank of {config['label_space']}."
        )
    if bank.size != SIZE:
        raise LoadError(
            f"{_called(checkpoint)} seeks segments in layouts of {SIZE[1]}x{SIZE[0]}, and those of its memory bank are"
            f" {bank.size[1]}x{bank.size[0]}; build the bank with python -m sims bank build."
        )
    return bank


def _card(
    name_or_folder: str | Path, checkpoint: Checkpoint, config: Mapping[str, Any], bank: Checkpoint | None
) -> Card:
    base = entry_card(checkpoint.entry) if checkpoint.entry else _folder_card(Path(name_or_folder), config)
    # The memory decides a picture as the weights do.
    revision = f"{checkpoint.revision}+{bank.revision[:SHORT]}" if bank else checkpoint.revision
    described = FAMILIES[config["family"]].describe(replace(base, revision=revision), config)
    if described.task == "layout":
        _check_space(described, checkpoint)
    return described


def _check_space(described: Card, checkpoint: Checkpoint) -> None:
    if described.label_space not in label_space_names():
        known = ", ".join(label_space_names())
        raise LoadError(f"{_called(checkpoint)} names the label space {described.label_space!r}; known are {known}.")
    channels = label_space(described.label_space).channels
    if described.classes not in (None, channels):
        raise LoadError(
            f"{_called(checkpoint)} reads {described.classes} classes, and the label space {described.label_space} has"
            f" {channels}; name the space it was trained on in its config.json."
        )


def _config(checkpoint: Checkpoint) -> dict[str, Any]:
    config = read_config(checkpoint.folder)
    if config["family"] not in FAMILIES:
        raise LoadError(
            f"{_called(checkpoint)} is of family {config['family']!r}, which makes no pictures; generators are of"
            f" {', '.join(FAMILIES)}."
        )
    try:
        checked = checked_config(config)
    except ConvertError as error:
        raise LoadError(f"{_called(checkpoint)}: {error}") from error
    channels = checked.get("output_nc", checked.get("out_channels", 3))
    if channels not in (1, 3):
        raise LoadError(f"{_called(checkpoint)} makes {channels} channels, no picture; generators make 1 or 3.")
    return checked


def _called(checkpoint: Checkpoint) -> str:
    """How a sentence names it: a path only where the person gave one, as others can read what a page says."""
    return checkpoint.entry.name if checkpoint.entry else str(checkpoint.folder)


def entry_card(entry: Entry) -> Card:
    """What the catalogue tells of a generator, wherever its weights are: of many, all but the revision.

    What else is on the cards of those that work from layouts, and of a built-in CIPS, is in the `config.json` beside
    their weights.
    """
    base = Card(
        name=entry.name,
        title=entry.title,
        family=entry.family,
        task=entry.task,
        native_size=entry.native_size,
        label_space=entry.label_space,
        accepts_style=entry.accepts_style,
        licence=entry.licence,
        origin=entry.repo or entry.official,
        paper=entry.paper,
        trained_on=entry.trained_on,
        variant_of=entry.variant_of,
    )
    family = FAMILIES.get(entry.family)
    if family is not PisGenerator and family is not GatysGenerator and family is not CipsGenerator:
        return base
    known = CONVERTED[entry.family]
    defaults = {name: field.default for name, field in known.fields.items() if not field.required}
    config = {**defaults, **known.presets.get(entry.preset, {}), **entry.config}
    if family is CipsGenerator and not config.keys() >= known.fields.keys():  # built in
        return base
    return family.describe(base, config)


def _folder_card(folder: Path, config: Mapping[str, Any]) -> Card:
    return Card(name=folder.name, title=folder.name, family=config["family"], task="layout", native_size=None)


def _checkpoint(name_or_folder: str | Path, progress: Progress) -> Checkpoint:
    if _is_folder(name_or_folder):
        return checkpoint_at(Path(name_or_folder))
    return obtain(str(name_or_folder), progress=progress)


def _is_folder(name_or_folder: str | Path) -> bool:
    """Catalogue names hold no separator, so a path is told apart by having one, or by being a `Path`."""
    return isinstance(name_or_folder, Path) or os.sep in name_or_folder or Path(name_or_folder).is_dir()


def chosen_device(device: str) -> torch.device:
    """The device called "auto" (CUDA where there is any), "cpu" or "cuda". Raises `LoadError` if it cannot be had."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise LoadError(f"The device is {device!r}; it can be auto, cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise LoadError("The device is cuda, and this machine has none that PyTorch can use; choose cpu or auto.")
    return torch.device(device)


def _memory_limit() -> int:
    """Bytes that all loaded networks together may hold."""
    said = os.environ.get("SIMS_MEMORY_MB", "3000")
    if not said.isdecimal():
        raise LoadError(f"SIMS_MEMORY_MB is {said!r}; set it to a whole number of megabytes, such as 3000.")
    return int(said) * 1024 * 1024


@cache
def _set_up_torch() -> None:
    """Full precision and the same result every time on a GPU; on a CPU as many threads as there are cores to use."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    _set_threads()


def _set_threads() -> None:
    """As many threads as this process may use cores, which in a container are fewer than the machine has."""
    if "OMP_NUM_THREADS" in os.environ:
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        allowed, period = quota.read_text().split()
        if allowed != "max":
            cores = min(cores, max(1, round(int(allowed) / int(period))))
    torch.set_num_threads(cores)


class _Loaded:
    """Generators by use, the most recent last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._generators: OrderedDict[Hashable, Generator] = OrderedDict()

    def get(self, key: Hashable) -> Generator | None:
        """The generator, now the most recent; or None."""
        if key in self._generators:
            self._generators.move_to_end(key)
        return self._generators.get(key)

    def put(self, key: Hashable, generator: Generator) -> None:
        """Keep `generator` as the most recent."""
        self._generators[key] = generator

    def trim(self, limit: int) -> None:
        """Let go of the oldest while all together hold more than `limit` bytes; the most recent stays."""
        while len(self._generators) > 1 and self.bytes() > limit:
            self._generators.popitem(last=False)

    def bytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(generator.memory_bytes() for generator in self._generators.values())


_loaded = _Loaded()
_banks: WeakValueDictionary[tuple[str, ...], Bank] = WeakValueDictionary()  # they go with the last of their generators
