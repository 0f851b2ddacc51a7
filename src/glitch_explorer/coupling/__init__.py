"""Which auxiliary channels witness a family."""
