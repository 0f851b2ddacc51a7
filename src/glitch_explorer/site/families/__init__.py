"""The atlas: a page for each family, and their list."""
