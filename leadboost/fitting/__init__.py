"""Fits boosted trees in a worker process of its own, so that the event loop never waits for it.

``process`` runs the worker and kills it at its deadline or when whoever asked is cancelled; ``rows`` is
what goes in, one JSON object per line; ``python -m leadboost.fitting`` is the worker: lines in, trees out
as an npz, nothing else. It decides nothing and knows no database.
"""

from leadboost.fitting.process import FittingProcess

__all__ = ["FittingProcess"]
