"""Training: `fit`, the compiled step, and what both are made of."""
