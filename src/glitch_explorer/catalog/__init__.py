"""From pictures, catalogues or triggers to one table of glitches."""
