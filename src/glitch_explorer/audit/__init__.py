"""Audit of the labels against the families: both ways, suspects, gradients, leakage."""
