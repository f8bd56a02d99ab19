"""Tasks of a scientist, as they are first typed."""
