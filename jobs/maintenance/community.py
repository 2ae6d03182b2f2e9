"""Match closed nights with what people watch, fill boards, and move requests for observations on."""

import sys

from fink_lib.followup.round import main

if __name__ == "__main__":
    sys.exit(main())
