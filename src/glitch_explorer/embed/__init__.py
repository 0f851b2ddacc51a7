"""From pictures to vectors.

`device` claims an accelerator and imports no torch; `backbone` loads what turns a
picture into a vector; `shard` does it for one shard of the catalogue.
"""
