"""Coincidences with auxiliary triggers and flags, on the families' pages and on that of all witnesses."""
