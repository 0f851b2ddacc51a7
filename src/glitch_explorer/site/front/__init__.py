"""The front page and its findings."""
