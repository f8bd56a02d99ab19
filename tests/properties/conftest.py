"""Hypothesis on a busy machine: no deadline for an example."""

from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.load_profile("here")
