"""Targets: what blocks are written as, to be run."""
