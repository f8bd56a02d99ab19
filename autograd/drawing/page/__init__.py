"""Pages to watch: one HTML file each, sealed, the same bytes for the same picture."""

from autograd.drawing.page.document import inline
from autograd.drawing.page.training import training_page

__all__ = ["inline", "training_page"]
