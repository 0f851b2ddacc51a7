"""What the Snakefile needs, without science: the checked config, and each job's files, resources and code.

Beside it: a check of profiles (`profile_check`), and the reference pages generated from the schemas
(`reference`).
"""
