"""Families that the user defines, in place of the clusters of the map; they need times alone."""
