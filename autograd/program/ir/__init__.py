"""The forms of a program while it is compiled: the tape, then blocks."""
