"""The models of the studio, and what is done with them. `sims.load("spade-street")` gives a generator."""

from sims.load import load  # the function takes the place of the module as `sims.load`, for good

__all__ = ["load"]
