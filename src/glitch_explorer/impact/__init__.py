"""What drives a family, what it costs, and what would be won back."""
