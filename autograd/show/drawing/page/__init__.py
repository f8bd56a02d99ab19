"""Pages to watch: one HTML file each, sealed, the same bytes for the same picture."""

from autograd.show.drawing.page.document import inline
from autograd.show.drawing.page.steps import graph_page, steps_page
from autograd.show.drawing.page.training import training_page

__all__ = ["graph_page", "inline", "steps_page", "training_page"]
