"""Auxiliary triggers and segments from files, and the safety of their channels."""
