"""The step `serve`, a stub."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nightly_step import main

sys.exit(main())
