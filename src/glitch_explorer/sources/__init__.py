"""Sources from outside: downloads, weights, strain, live time and known events."""
