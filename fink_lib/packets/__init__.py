"""Packets as bytes: what their writer schemas say, and their fields as Arrow columns where somebody wants them."""
