"""Load catalogues and match again what changed."""

import sys

from fink_lib.catalogs.job import main

if __name__ == "__main__":
    sys.exit(main())
