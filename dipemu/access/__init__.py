"""Who may use what is not the market's: ``/api`` and ``/ui``. Participants are known by key and signature."""

from dipemu.access.cross_site import own_pages_only
from dipemu.access.guard import guarded
from dipemu.access.holders import Holders
from dipemu.access.tokens import AccessTokens

__all__ = ["AccessTokens", "Holders", "guarded", "own_pages_only"]
