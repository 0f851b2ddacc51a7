"""Comparison of the results with what the simulated observatory planted."""
