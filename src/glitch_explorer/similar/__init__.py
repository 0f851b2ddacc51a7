"""Find more like this: the glitches nearest to a glitch, a picture or a moment."""

from glitch_explorer.similar.search import find

__all__ = ["find"]
