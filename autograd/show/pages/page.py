"""Page: an HTML file, to be saved, opened, and shown in a notebook."""

from __future__ import annotations

import tempfile
import webbrowser
from os import PathLike
from pathlib import Path

from autograd.files import write_atomically
from autograd.show.pages.document import inline

__all__ = ["Page"]


class Page:
    """A page: one file that needs no network. A notebook shows it.

    >>> page = Page("<!DOCTYPE html>…")
    >>> page.html()
    '<!DOCTYPE html>…'
    """

    def __init__(self, html: str) -> None:
        self._html = html

    def html(self) -> str:
        """The whole file."""
        return self._html

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page to a file, and return its path.

        Raises:
            ValueError: the name does not end in .html.
            OSError: the file cannot be written; it is then as it was.
        """
        target = Path(path)
        if target.suffix.lower() != ".html":
            raise ValueError(f"a page is saved as .html, got {str(path)!r}")
        write_atomically(target, self._html.encode())
        return target

    def open(self) -> Path:
        """Show the page in the web browser, from a new file among the temporary ones."""
        path = self.save(Path(tempfile.mkdtemp(prefix="autograd-")) / "page.html")
        webbrowser.open(path.as_uri())
        return path

    def _repr_html_(self) -> str:
        return inline(self._html)

    def __repr__(self) -> str:
        return f"<Page of {len(self._html):,} characters: save() writes it, open() shows it>"
