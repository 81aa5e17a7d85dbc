#!/usr/bin/python3
"""Refuses an include that the dependency table in src/CMakeLists.txt does not allow.

A file of module M may include files of M and of the modules in M's USES; other people's headers with a
home of their own (see HOMES) only there.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
# A header prefix, and the only modules that may include it.
HOMES = {
    "curl/": {"outbound"},
    "sqlite3.h": {"store"},
    "spdlog/": {"core"},
    "openssl/": {"crypto"},
    "xcb/": {"desk"},
    "re2/": {"desk"},
    "zlib.h": {"desk"},
    "seccomp.h": {"jail"},
    "CLI/": {"app"},
    "toml++/": {"app"},
}
MOST_LINES = 400


def read_table():
    """module -> set of modules it may include."""
    text = (SOURCES / "CMakeLists.txt").read_text()
    rows = re.findall(r"^carrel_module\(([^)]*)\)", text, re.M | re.S)
    table = {}
    for row in rows:
        words = row.split()
        uses = words[words.index("USES") + 1 :] if "USES" in words else []
        if "NEEDS" in uses:
            uses = uses[: uses.index("NEEDS")]
        table[words[0]] = set(uses)
    return table


def module_of(path, table):
    folder = path.parent.relative_to(SOURCES).as_posix()
    while folder not in table and "/" in folder:
        folder = folder.rsplit("/", 1)[0]
    return folder if folder in table else None


def complaints():
    table = read_table()
    for module, uses in table.items():
        for unknown in uses - table.keys():
            yield f"src/CMakeLists.txt: {module} uses {unknown}, which is no module"
    for path in sorted([*SOURCES.rglob("*.cpp"), *SOURCES.rglob("*.hpp")]):
        name = path.relative_to(ROOT).as_posix()
        module = module_of(path, table)
        lines = path.read_text().splitlines()
        if len(lines) > MOST_LINES:
            yield f"{name}: {len(lines)} lines; split it below {MOST_LINES}"
        if module is None:
            continue
        for number, line in enumerate(lines, 1):
            found = re.match(r'#include [<"]([^>"]+)[>"]', line)
            if not found:
                continue
            header = found[1]
            for prefix, homes in HOMES.items():
                if header.startswith(prefix) and not {module, module.split("/")[0]} & homes:
                    yield f"{name}:{number}: {header} may only be included in {', '.join(sorted(homes))}"
            target = module_of(SOURCES / header, table) if (SOURCES / header).exists() else None
            if target and target != module and target not in table[module]:
                yield f"{name}:{number}: {module} may not include {target} (no such row in src/CMakeLists.txt)"


def main():
    found = list(complaints())
    print("\n".join(found) if found else "layers: every include is allowed by src/CMakeLists.txt")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
