"""Witnesses by base channel, with their kinds of evidence, and the matrix of families and witnesses."""
