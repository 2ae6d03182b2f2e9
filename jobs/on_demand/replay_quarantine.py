"""Show, replay or discard messages of the quarantine."""

import sys

from fink_lib.quarantine.job import main

if __name__ == "__main__":
    sys.exit(main())
