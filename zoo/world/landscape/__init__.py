"""Landscapes and panoramas: their plan, their ground and what grows on it."""
