"""What a program is made of while it is compiled: the tape, then blocks."""
