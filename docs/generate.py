"""What the pages of reference and the gallery consist of, as Markdown, made at build."""

from __future__ import annotations
