"""Run the job of a person whose turn it is."""

import sys

from fink_lib.user_jobs.main import main

if __name__ == "__main__":
    sys.exit(main())
