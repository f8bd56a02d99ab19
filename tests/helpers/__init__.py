"""Where several tests get their cases, processes and measures from."""
