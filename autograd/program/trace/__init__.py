"""From a function to a tape: its guards, and what it captures from around it."""
