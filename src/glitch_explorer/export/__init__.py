"""Tables of the map for other programs."""
