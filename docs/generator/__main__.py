"""`python -m docs.generator`: write every generated page, and say which of them changed."""

from __future__ import annotations

import sys

from docs.generator.pages import PAGES, REFERENCE

if __name__ == "__main__":
    for name, page in PAGES.items():
        file, text = REFERENCE / name, page()
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/reference/{name} written\n")
