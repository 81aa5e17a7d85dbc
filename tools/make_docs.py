#!/usr/bin/python3
"""Writes the documents that are made from the program itself; with --check only says whether they are current."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CARREL = ROOT / "build/release/bin/carrel"
PAGES = "docs/operations"  # holds nothing else


def say(*words):
    return subprocess.run([CARREL, *words], capture_output=True, text=True, check=True).stdout


def made_documents():
    """name -> text"""
    rows = json.loads(say("operations", "--json"))
    nouns = {row["noun"] for row in [*rows["server"], *rows["desk"]]}
    return {
        "docs/settings.md": say("operations", "--settings"),
        "docs/command-line.md": say("operations", "--command-line"),
        f"{PAGES}/README.md": say("operations"),
        **{f"{PAGES}/{noun}.md": say("operations", noun) for noun in sorted(nouns)},
    }


def present_documents():
    """What there is in their places."""
    files = [ROOT / "docs/settings.md", ROOT / "docs/command-line.md", *sorted((ROOT / PAGES).glob("*"))]
    return {file.relative_to(ROOT).as_posix(): file.read_text() for file in files if file.exists()}


def main():
    is_check = sys.argv[1:] == ["--check"]
    made = made_documents()
    present = present_documents()
    stale = sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))
    if is_check:
        if stale:
            print(f"not current: {', '.join(stale)}; run tools/make_docs.py")
        return int(bool(stale))
    (ROOT / PAGES).mkdir(exist_ok=True)
    for name in stale:
        if name in made:
            (ROOT / name).write_text(made[name])
        else:
            (ROOT / name).unlink()
        print(f"{'wrote' if name in made else 'removed'} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
