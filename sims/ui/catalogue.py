"""The generators of the catalogue as the page shows them: ready ones to choose, the others with a reason."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sims.generator import Cancelled, Card, Choice, Progress
from sims.label_space import label_space
from sims.load import WITHOUT_WEIGHTS, LoadError, card
from sims.requests import WORKS_FROM
from sims.ui.work import Work
from zoo import Entry, ZooError, catalog, find
from zoo.hub import availability, obtain

# What generators do whose networks were trained for their features: nothing but the family says it.
FEATURES_DO: Mapping[str, tuple[str, ...]] = {"vgg": ("style", "texture")}


@dataclass(frozen=True)
class Offer:
    """One generator that is not at hand, as a row of the list."""

    entry: Entry
    reason: str
    can_pull: bool
    state: str = ""  # "pulling" while it is being pulled
    fraction: float = 0.0
    what: str = ""
    error: str = ""

    def page_value(self) -> dict[str, Any]:
        """This offer as the data of a row."""
        entry = self.entry
        space = label_space(entry.label_space).title if entry.label_space else ""
        if entry.task == "layout" and not space:
            space = "labels of its own"
        size = f"{sum(entry.size_bytes) / 1e6:.0f} MB" if entry.size_bytes else ""
        return {
            "name": entry.name,
            "title": entry.title,
            "facts": " · ".join(filter(None, (space, entry.licence, size))),
            "verified": is_verified(entry),
            "reason": self.reason,
            "can_pull": self.can_pull,
            "state": self.state,
            "fraction": self.fraction,
            "what": self.what,
            "error": self.error,
        }


def entries(task: str = "layout") -> list[Entry]:
    """The catalogue's generators that can carry out `task`, a key of `sims.requests.REQUESTS`, in its order."""
    return [entry for entry in catalog().values() if task in FEATURES_DO.get(entry.family, (entry.task,))]


def ready_cards(task: str = "layout") -> list[Card]:
    """The cards of the generators that can carry out `task` now. Makes no network call."""
    without = [known for known in map(card, WITHOUT_WEIGHTS) if task in known.tasks]
    return [*without, *(state for state in map(_state, entries(task)) if isinstance(state, Card))]


def ready_card(name: str, task: str) -> Card:
    """The card of the generator called `name`; `ZooError` says why it cannot carry out `task` now."""
    if name in WITHOUT_WEIGHTS and task in card(name).tasks:
        return card(name)
    state = _state(named_entry(name, task))
    if isinstance(state, Offer):
        raise ZooError(state.reason)
    return state


def offers(task: str = "layout") -> list[Offer]:
    """The generators of `task` that cannot run now, those that can be pulled first. Makes no network call."""
    rows = [state for state in map(_state, entries(task)) if isinstance(state, Offer)]
    return sorted(rows, key=lambda row: not row.can_pull)


def _state(entry: Entry) -> Card | Offer:
    """The card of a generator that can run now, else the row that says why not: a damaged checkpoint stops no other."""
    state = availability(entry)
    if not state.ready:
        return Offer(entry, state.reason, state.can_pull)
    try:
        return card(entry.name)
    except (LoadError, ZooError) as error:
        return Offer(entry, str(error), can_pull=False)


def choices(cards: Iterable[Card]) -> list[tuple[str, str]]:
    """(title, name) of each card, those of one label space together, variants last; it says who is not verified."""
    ordered = sorted(sorted(cards, key=lambda one: one.variant_of), key=lambda one: str(one.label_space), reverse=True)
    return [(one.title if is_verified(find(one.name)) else f"{one.title} (not verified)", one.name) for one in ordered]


def is_verified(entry: Entry) -> bool:
    """Whether the checkpoint is known to run as the catalogue describes it."""
    return entry.verified or entry.source == "builtin"


def fitting(cards: Iterable[Card], space: str) -> list[str]:
    """The names of the generators that were trained on this label space, and are no variant of another."""
    return [one.name for one in cards if one.label_space == space and not one.variant_of]


def options(cards: Iterable[Card], *, patterns: bool = False) -> list[Choice]:
    """What can be chosen for these generators, one choice a name with all values that any of them accepts.

    Choices that take texts of a pattern are left out unless `patterns`: a page offers those where they mean something.
    """
    merged: dict[str, Choice] = {}
    for one in cards:
        for choice in (each for each in one.options if patterns or not each.pattern):
            known = merged.setdefault(choice.name, choice)
            values = tuple(dict.fromkeys((*known.values, *choice.values)))
            merged[choice.name] = replace(known, values=values)
    return list(merged.values())


def named_entry(name: str, task: str = "layout") -> Entry:
    """The catalogue's entry called `name`; `ZooError` unless there is one and it carries out `task`."""
    entry = find(name)
    if entry not in entries(task):
        raise ZooError(f"{entry.title} does not work from {WORKS_FROM[task]}; choose a generator that does.")
    return entry


def pull(name: str, stop: threading.Event, task: str = "layout") -> Iterator[list[Offer] | None]:
    """The offers of `task` while the checkpoint `name` is pulled, again after each change; None when nothing changed.

    The last list lacks the offer if the pull succeeded, and says in one sentence why if it did not.
    """
    named_entry(name, task)

    def fetch(progress: Progress) -> None:
        obtain(name, progress=progress)

    work = Work(fetch, stop)
    for news in work.reports():
        yield _with(name, task, state="pulling", fraction=work.fraction, what=work.what) if news else None
    try:
        work.result()
        yield offers(task)
    except Cancelled:
        yield offers(task)
    except ZooError as error:
        yield _with(name, task, error=str(error))


def _with(
    name: str, task: str, *, state: str = "", fraction: float = 0.0, what: str = "", error: str = ""
) -> list[Offer]:
    return [
        replace(row, state=state, fraction=fraction, what=what, error=error) if row.entry.name == name else row
        for row in offers(task)
    ]


def offers_value(rows: Sequence[Offer]) -> dict[str, Any]:
    """The value of the page's list of offers."""
    return {"items": [row.page_value() for row in rows]}
