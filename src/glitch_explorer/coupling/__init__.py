"""Witnesses: auxiliary channels that change at the glitches of a family more than chance allows."""
