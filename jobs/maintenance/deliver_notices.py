"""Deliver the notices that wait in the outbox."""

import sys

from fink_lib.notices.job import main

if __name__ == "__main__":
    sys.exit(main())
