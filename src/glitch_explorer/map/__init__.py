"""Map: vectors, one neighbour graph, two layouts, families and their member files."""
