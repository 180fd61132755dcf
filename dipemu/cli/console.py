"""What all commands share: exit codes, where to print, how to say what is wrong."""

from __future__ import annotations

from typing import Final

from rich.console import Console

PASSED: Final = 0
FAILED: Final = 1
USAGE: Final = 2
FAULT: Final = 3

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, code: int) -> int:
    """Say what is wrong on standard error; the exit code is handed back to be used."""
    err.print(f"[bold red]dipemu:[/bold red] {message}", soft_wrap=True)
    return code
