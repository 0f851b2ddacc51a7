"""The cost ranking, and the drivers and cost of each family."""
