"""Search for the glitches most similar to a glitch, a picture or a time."""

from glitch_explorer.similar.search import find

__all__ = ["find"]
