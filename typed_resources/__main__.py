"""Writes the files into this checkout."""

from pathlib import Path

from typed_resources.generation import files

for path, text in files().items():
    Path(path).write_text(text, encoding="utf-8")
