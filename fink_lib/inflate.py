"""What the fast inflater raises: two unrelated classes, one of which its type stubs do not know as an exception."""

import zlib
from typing import Any

from isal import igzip_lib

_ISAL_ERROR: Any = igzip_lib.IsalError
INFLATE_ERRORS: tuple[type[Exception], ...] = (_ISAL_ERROR, zlib.error)
