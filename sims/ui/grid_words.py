"""What sets one picture on a grid apart from others of its generator, in a few words."""

from __future__ import annotations

from sims.grid import WHOLE
from sims.grid_request import GridRequest, Style


def said_of(request: GridRequest) -> list[str]:
    """Its style, its second one, and what is seen of it, as far as these are not the usual."""
    said = []
    if request.style.latent is not None:
        said.append(style_words(request.style))
    elif request.style.seed is not None:
        said.append(f"style of seed {request.style.seed}")
    if request.second is not None:
        way = "blended with" if request.mask is not None else f"levels {_levels(request)} of"
        said.append(f"{way} {style_words(request.second)}")
    if request.turn:
        said.append(f"turned {request.turn:g}°")
    if request.field_of_view is not None:
        said.append(f"field of view {request.field_of_view:g}°")
    if request.window != WHOLE:
        said.append(f"zoomed {1 / min(request.window[2:]):.3g}×")
    if request.truncation != 1:
        said.append(f"truncation {request.truncation:g}")
    return said


def style_words(style: Style) -> str:
    """Where a style comes from."""
    if style.latent is None:
        return "its own seed" if style.seed is None else f"seed {style.seed}"
    size = " × ".join(map(str, style.latent.shape))
    space = "w+" if style.latent.ndim == 2 else style.space
    return f"a latent ({space}, {size})"


def _levels(request: GridRequest) -> str:
    assert request.mixed is not None
    first, last = request.mixed
    return str(first) if first == last else f"{first} to {last}"
