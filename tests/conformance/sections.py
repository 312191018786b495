"""Sections of docs/conformance.md that other tools than ``table.py`` write."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"


def put_section(title: str, text: str) -> None:
    """Replace the section ``## title`` at the end of the document, or add it."""
    document = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    document = re.sub(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", "", document, flags=re.S)
    DOCUMENT.write_text(f"{document.rstrip()}\n\n## {title}\n\n{text.strip()}\n")


def sections() -> str:
    """All sections, for whoever writes what comes before them."""
    document = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    at = document.find("\n## ")
    return document[at:] if at >= 0 else ""
