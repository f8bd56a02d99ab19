"""Small things to train and look at: `python -m demos` runs them."""
