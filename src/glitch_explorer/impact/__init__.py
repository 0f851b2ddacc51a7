"""What drives a family, what it costs the search, and what would be won back."""
