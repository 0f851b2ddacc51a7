"""From views to vectors.

`device` claims an accelerator and imports no torch; `backbone` loads the network that
turns a view into a vector; `shard` embeds one shard of the catalogue.
"""

#: The backbone without weights, and the config's word for weights that are from no file.
GRADIENTS, UNTRAINED = "gradients", "untrained"
