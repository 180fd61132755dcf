"""Every table of the product: imports whatever declares some."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("backbone", "participant", "services")


def import_all_tables() -> None:
    """Import every module that names the shared metadata."""
    for room in ROOMS:
        for source in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in source.parts and "metadata," in source.read_text():
                import_module(".".join(source.relative_to(ROOT).with_suffix("").parts))
