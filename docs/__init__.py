"""The site: lessons, how-tos, explanation and reference. `python -m docs` builds it."""
