"""Planted inputs: made transients and moving objects with known truth, to measure what a module finds and mistakes."""
