"""The only place that prints."""

import sys


def say(text: str) -> None:
    """A line of a command's result, on stdout."""
    print(text, flush=True)


def note(text: str) -> None:
    """A line for the person at the terminal, on stderr."""
    print(text, file=sys.stderr, flush=True)
