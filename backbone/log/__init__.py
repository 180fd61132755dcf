"""The message log: the port and its vocabulary.

Adapters: ``backbone.log.embedded`` and ``backbone.log.kafka``.
"""

from backbone.log.port import ConsumedRecord, MessageLog, Position, Record, Subscription

__all__ = ["ConsumedRecord", "MessageLog", "Position", "Record", "Subscription"]
