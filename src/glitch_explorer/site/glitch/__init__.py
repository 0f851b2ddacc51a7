"""The page of any glitch."""
