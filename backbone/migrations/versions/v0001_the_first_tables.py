"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backbone.errors import MigrationRefused

revision = "v0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _css()
    _directory()
    _gateway()
    _journal()
    _participant()
    _qualification()


def _css() -> None:
    op.create_table(
        "css_callback",
        sa.Column("mpid", sa.String(length=4), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mpid", name=op.f("pk_css_callback")),
    )


def _directory() -> None:
    op.create_table(
        "directory_api_key",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("dip_id", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_directory_api_key")),
    )
    with op.batch_alter_table("directory_api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_directory_api_key_dip_id"), ["dip_id"], unique=False)
    op.create_table(
        "directory_certificate",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("dip_id", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("not_after", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_directory_certificate")),
    )
    with op.batch_alter_table("directory_certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_directory_certificate_dip_id"), ["dip_id"], unique=False)
    op.create_table(
        "directory_party",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("dip_id", sa.String(length=10), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("mpid", sa.String(length=4), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("harness", sa.Boolean(), nullable=False),
        sa.Column("connection_provider", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_directory_party")),
        sa.UniqueConstraint("dip_id", name=op.f("uq_directory_party_dip_id")),
    )
    op.create_table(
        "directory_revision",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_directory_revision")),
    )
    op.create_table(
        "directory_webhook",
        sa.Column("dip_id", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("max_message_count", sa.Integer(), nullable=True),
        sa.Column("max_payload_size", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("dip_id", "channel", name=op.f("pk_directory_webhook")),
    )


def _gateway() -> None:
    op.create_table(
        "gateway_delivery",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("recipient", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("occurrence", sa.String(length=150), nullable=False),
        sa.Column("publication", sa.String(length=20), nullable=False),
        sa.Column("routing", sa.String(length=10), nullable=True),
        sa.Column("order_key", sa.String(length=60), nullable=False),
        sa.Column("mpan", sa.String(length=20), nullable=True),
        sa.Column("sender", sa.String(length=20), nullable=True),
        sa.Column("event", sa.String(length=60), nullable=True),
        sa.Column("reference", sa.String(length=250), nullable=True),
        sa.Column("transaction_id", sa.String(length=80), nullable=True),
        sa.Column("correlation_id", sa.String(length=80), nullable=True),
        sa.Column("schema_version", sa.String(length=20), nullable=True),
        sa.Column("replay", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(length=40), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("finished_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_delivery")),
        sa.UniqueConstraint(
            "recipient",
            "channel",
            "occurrence",
            name=op.f("uq_gateway_delivery_recipient_channel_occurrence"),
        ),
    )
    with op.batch_alter_table("gateway_delivery", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gateway_delivery_recipient_channel_created_at"),
            ["recipient", "channel", "created_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_gateway_delivery_state_id"), ["state", "id"], unique=False)
    op.create_table(
        "gateway_holding",
        sa.Column("mpan", sa.String(length=20), nullable=False),
        sa.Column("family", sa.String(length=10), nullable=False),
        sa.Column("begins", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("dip_id", sa.String(length=20), nullable=False),
        sa.Column("ends", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("mpan", "family", "begins", name=op.f("pk_gateway_holding")),
    )
    op.create_table(
        "gateway_reference",
        sa.Column("digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_gateway_reference")),
    )


def _journal() -> None:
    op.create_table(
        "journal_event",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("mpan", sa.String(length=128), nullable=True),
        sa.Column("interface", sa.String(length=128), nullable=True),
        sa.Column("sender", sa.String(length=128), nullable=True),
        sa.Column("recipient", sa.String(length=128), nullable=True),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("transaction_id", sa.String(length=128), nullable=True),
        sa.Column("correlation_id", sa.String(length=128), nullable=True),
        sa.Column("run", sa.String(length=128), nullable=True),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_journal_event")),
        sa.UniqueConstraint("id", name=op.f("uq_journal_event_id")),
    )
    with op.batch_alter_table("journal_event", schema=None) as batch_op:
        batch_op.create_index("ix_journal_event_at", ["at"], unique=False)
        batch_op.create_index("ix_journal_event_correlation_id", ["correlation_id"], unique=False)
        batch_op.create_index("ix_journal_event_mpan_sequence", ["mpan", "sequence"], unique=False)
        batch_op.create_index("ix_journal_event_recipient_sequence", ["recipient", "sequence"], unique=False)
        batch_op.create_index("ix_journal_event_reference", ["reference"], unique=False)
        batch_op.create_index("ix_journal_event_run_sequence", ["run", "sequence"], unique=False)
        batch_op.create_index("ix_journal_event_sender_sequence", ["sender", "sequence"], unique=False)
        batch_op.create_index("ix_journal_event_transaction_id", ["transaction_id"], unique=False)


def _participant() -> None:
    op.create_table(
        "participant_handled",
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("service", "id", name=op.f("pk_participant_handled")),
    )
    op.create_table(
        "participant_outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sender", sa.String(length=10), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("mpan", sa.String(length=13), nullable=True),
        sa.Column("run", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("participant_outbox", schema=None) as batch_op:
        batch_op.create_index("ix_participant_outbox_service_id", ["service", "id"], unique=False)
    op.create_table(
        "participant_state",
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("service", "key", name=op.f("pk_participant_state")),
    )


def _qualification() -> None:
    op.create_table(
        "qualification_counter",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_qualification_counter")),
    )
    op.create_table(
        "qualification_run",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("order_number", sa.Integer(), nullable=False),
        sa.Column("mpan", sa.String(length=13), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("scenario", sa.LargeBinary(), nullable=False),
        sa.Column("binding", sa.LargeBinary(), nullable=False),
        sa.Column("briefing", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification_run")),
        sa.UniqueConstraint("order_number", name=op.f("uq_qualification_run_order_number")),
    )
    with op.batch_alter_table("qualification_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_qualification_run_ended"), ["ended"], unique=False)
        batch_op.create_index(batch_op.f("ix_qualification_run_mpan"), ["mpan"], unique=False)


def downgrade() -> None:
    raise MigrationRefused("the tables are never taken back: evidence would be lost")
