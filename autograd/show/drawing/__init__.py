"""Pictures of a snapshot: boxes, their layout, SVG, DOT, text."""
