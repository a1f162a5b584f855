"""``python -m leadboost``."""

import sys

from leadboost.cli import main

if __name__ == "__main__":
    sys.exit(main())
