"""Coincidences with auxiliary triggers, flags and trends, on families' pages and that of all witnesses."""
