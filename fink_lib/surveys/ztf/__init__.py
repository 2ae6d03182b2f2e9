"""Zwicky Transient Facility."""

from fink_lib.surveys.ztf.survey import ZTF as SURVEY

__all__ = ["SURVEY"]
