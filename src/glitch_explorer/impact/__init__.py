"""What drives a family, and what it costs the search."""
