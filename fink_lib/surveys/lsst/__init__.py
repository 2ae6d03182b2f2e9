"""Rubin Observatory, LSST."""

from fink_lib.surveys.lsst.survey import LSST as SURVEY

__all__ = ["SURVEY"]
