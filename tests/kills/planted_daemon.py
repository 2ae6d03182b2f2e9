"""Spark's Python daemon whose workers have a science module that does something terrible once."""

import dataclasses
import os

from fink_lib.lake.spark import python_daemon
from fink_lib.science.framework import registry
from tests.kills.planted_module import DEED, DEEDS, MARK, once

if __name__ == "__main__":
    first, *rest = registry.MODULES
    planted = once(first.compute, DEEDS[os.environ[DEED]], os.environ[MARK])
    registry.MODULES = (dataclasses.replace(first, compute=planted), *rest)
    python_daemon.serve()
