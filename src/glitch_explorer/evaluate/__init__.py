"""How well an encoder's vectors know glitches, on labelled pictures.

`pictures` reads a tree of pictures into views, `neighbours` ranks them, `report` makes the
tables and the pages; `run` is the job. Pictures are for judging only.
"""
