"""Processes of this machine: how they are started, identified and ended, and what a job says as it ends."""
