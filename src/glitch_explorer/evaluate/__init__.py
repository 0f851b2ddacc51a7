"""Evaluation of encoders on labelled pictures: whether nearest neighbours have the same class.

`pictures` reads trees of pictures into views, `neighbours` ranks them, `report` writes the page
and the figure, `run` is the job. The pictures are used for evaluation only, never for training.
"""
