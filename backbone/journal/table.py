"""The SQL table in which the journal can be searched."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from backbone.database import metadata

INDEXED_LENGTH = 128
"""What strangers wrote is cut to this many characters for searching; the line keeps all of it."""

journal_event = Table(
    "journal_event",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601 with microseconds: sorts as text
    Column("service", String(64), nullable=False),
    Column("mpan", String(INDEXED_LENGTH)),
    Column("interface", String(INDEXED_LENGTH)),
    Column("sender", String(INDEXED_LENGTH)),
    Column("recipient", String(INDEXED_LENGTH)),
    Column("reference", String(INDEXED_LENGTH)),
    Column("transaction_id", String(INDEXED_LENGTH)),
    Column("correlation_id", String(INDEXED_LENGTH)),
    Column("run", String(INDEXED_LENGTH)),
    Column("line", LargeBinary, nullable=False),  # the event exactly as it stands in the journal
    Index("ix_journal_event_mpan_sequence", "mpan", "sequence"),
    Index("ix_journal_event_sender_sequence", "sender", "sequence"),
    Index("ix_journal_event_recipient_sequence", "recipient", "sequence"),
    Index("ix_journal_event_run_sequence", "run", "sequence"),
    Index("ix_journal_event_reference", "reference"),
    Index("ix_journal_event_transaction_id", "transaction_id"),
    Index("ix_journal_event_correlation_id", "correlation_id"),
    Index("ix_journal_event_at", "at"),
)
