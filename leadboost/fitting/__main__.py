"""The worker: ``python -m leadboost.fitting OBSERVATIONS LIMIT_S`` reads outcomes and writes trees."""

import os
import signal
import sys

from threadpoolctl import threadpool_limits

from leadboost.domain.roi.boosted_arrays import dump_trees
from leadboost.domain.roi.fit import fit
from leadboost.fitting.rows import decode

NICENESS = 10


def main(observations: int, limit_s: int) -> int:
    """Fit what stands on the standard input; writes nothing when that is too little."""
    os.nice(NICENESS)  # forecasts and sales go first
    if hasattr(signal, "alarm"):
        signal.alarm(limit_s)  # ends this process, should nobody be left to kill it
    rows = [decode(line) for line in sys.stdin.buffer]
    import sklearn.ensemble  # noqa: F401 - its threads can be limited once they are loaded

    with threadpool_limits(1):
        boosted = fit([outcome for outcome, _ in rows], [heard for _, heard in rows], observations)
    if boosted is not None:
        sys.stdout.buffer.write(dump_trees(boosted))
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
