"""Views of a glitch: pictures decoded, or Q-scans of strain."""
