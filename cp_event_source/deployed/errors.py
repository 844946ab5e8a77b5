"""The error of a command; every message says what was found and what to do."""


class CommandError(Exception):
    """A command cannot continue."""
