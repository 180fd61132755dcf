"""``python -m dipemu`` is the same as ``dipemu``."""

from dipemu.cli import main

main()
