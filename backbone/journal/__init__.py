"""The journal: what happened, in order, for ever."""

from backbone.journal.events import JOURNAL_TOPIC, JournalEvent, Kind
from backbone.journal.index import JournalIndex
from backbone.journal.writer import Journal

__all__ = ["JOURNAL_TOPIC", "Journal", "JournalEvent", "JournalIndex", "Kind"]
