"""Views of a glitch: decoded from pictures, or Q-scans of strain."""
