"""The uniform grid of the features."""

#: Length of a cell of the grid in seconds; cell i covers [i * CELL_S, (i + 1) * CELL_S) GPS.
CELL_S = 0.5
