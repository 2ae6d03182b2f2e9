"""Nights computed again: a plan, candidate tables beside the live ones, a comparison, a decision, and a way back."""
