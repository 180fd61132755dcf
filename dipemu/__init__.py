"""The composition root: the only room that knows all services, and the ``dipemu`` command."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("dip-emulator")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0+source"
