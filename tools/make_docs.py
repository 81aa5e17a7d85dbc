#!/usr/bin/python3
"""Writes the documents that are made from the program itself; with --check only says whether they are current."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CARREL = ROOT / "build/release/bin/carrel"
DOCUMENTS = {"docs/operations.md": ["operations"], "docs/settings.md": ["operations", "--settings"]}


def main():
    is_check = sys.argv[1:] == ["--check"]
    stale = []
    for name, words in DOCUMENTS.items():
        made = subprocess.run([CARREL, *words], capture_output=True, text=True, check=True).stdout
        path = ROOT / name
        if path.exists() and path.read_text() == made:
            continue
        stale.append(name)
        if not is_check:
            path.write_text(made)
            print(f"wrote {name}")
    if is_check and stale:
        print(f"not current: {', '.join(stale)}; run tools/make_docs.py")
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
