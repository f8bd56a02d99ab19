"""Passes: each takes a program and gives another that computes the same, or its derivatives."""
