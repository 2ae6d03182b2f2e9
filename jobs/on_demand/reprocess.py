"""One step of a reprocessing: plan, candidate, diff, promote or discard."""

import sys

from fink_lib.reprocess.job import main

if __name__ == "__main__":
    sys.exit(main())
