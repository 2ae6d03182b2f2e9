"""Conditions that several filters share, each written once."""
