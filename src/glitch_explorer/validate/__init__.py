"""Comparison of the results with what the simulated observatory planted."""

from glitch_explorer.validate.compare import validate_observatory

__all__ = ["validate_observatory"]
