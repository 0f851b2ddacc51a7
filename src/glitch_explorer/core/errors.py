"""The one exception for what a user can put right."""


class UserError(Exception):
    """A mistake or a fault outside the program, told in words a user can act on.

    The message says what is wrong, where (glitch, channel, GPS time, file) and
    what to do. Scripts print it without a traceback.
    """
