"""Servers on loopback for tests: each ends with its `with` block."""
