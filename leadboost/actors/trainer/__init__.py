"""Trainer: keeps outcomes and learns from them, on one host at a time.

``trainer`` decides when to learn and tells what was learned; ``passes`` does one pass: reads, learns on
a copy, saves; ``told`` is what Trainer tells itself.
"""

from leadboost.actors.trainer.trainer import Trainer

__all__ = ["Trainer"]
