"""Write past alerts to a topic of their own."""

import sys

from fink_lib.transfer.main import main

if __name__ == "__main__":
    sys.exit(main())
