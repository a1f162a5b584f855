"""Replicator: copies accepted signals and what becomes of the model to a place elsewhere.

It follows the journal by offset, in batches, beside everything else: nothing waits for it. The offset is
stored after each batch that was acknowledged, under the lease that fences it, and each document has an
identity of its own: what is written again after a crash changes nothing.
"""

from leadboost.actors.replicator.replicator import Replicator

__all__ = ["Replicator"]
