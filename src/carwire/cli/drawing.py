"""The console tables are drawn on. Imported only where something is drawn: rich takes a tenth of a second to load."""

from __future__ import annotations

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line: a reader that has seen enough is no failure."""
        raise BrokenPipeError


def console() -> Console:
    """Return a console on standard output."""
    return _Console()
