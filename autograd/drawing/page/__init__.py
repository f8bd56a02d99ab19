"""Pages to watch: one HTML file each, sealed, the same bytes for the same picture."""

from autograd.drawing.page.document import inline
from autograd.drawing.page.steps import graph_page, steps_page
from autograd.drawing.page.training import training_page

__all__ = ["graph_page", "inline", "steps_page", "training_page"]
