"""Detector coupling: which channels witness a family, with honest significance."""
