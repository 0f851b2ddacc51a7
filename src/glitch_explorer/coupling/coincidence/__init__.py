"""Coincidences of glitches with triggers and segments of auxiliary channels."""
