"""Figures and pages: the atlas of families, the interactive map and the front page."""
