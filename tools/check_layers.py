#!/usr/bin/python3
"""Holds the sources against the dependency table, the rows `carrel_module(…)` of src/CMakeLists.txt.

A row is a module: a folder, a static library, a namespace. A file belongs to the row with the longest name
that its path begins with, and

- includes files of its own module and of those in its USES, and names a namespace after its folder;
- includes the headers of others' libraries only if its row NEEDS the library (see LIBRARIES), or if it USES
  the module that passes the library on;
- includes no header that nobody may include (see FORBIDDEN).

A row USES only rows above it, so the modules have an order; it USES and NEEDS nothing that its files do
without. Folders and files have a size at which they are to be split.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = "src/CMakeLists.txt"
# The beginning of a header's name, and the CMake library that it comes with.
LIBRARIES = {
    "boost/json": "Boost::json",
    "boost/": "boost_asio",
    "fmt/": "fmt_archive",
    "curl/": "PkgConfig::curl",
    "sqlite3.h": "PkgConfig::sqlite3",
    "openssl/": "PkgConfig::openssl",
    "seccomp.h": "PkgConfig::seccomp",
    "sys/capability.h": "PkgConfig::libcap",
    "sha2.h": "PkgConfig::digests",
    "libmnl/": "PkgConfig::netfilter",
    "libnftnl/": "PkgConfig::netfilter",
    "prometheus/": "PkgConfig::prometheus",
    "CLI/": "CLI11::CLI11",
    "toml++/": "PkgConfig::tomlplusplus",
    "xcb/": "PkgConfig::xcb",
    "jpeglib.h": "PkgConfig::pictures",
    "webp/": "PkgConfig::pictures",
    "libdeflate.h": "PkgConfig::libdeflate",
    "re2/": "${re2_LINK_LIBRARIES}",
    "zlib.h": "${zlib_LINK_LIBRARIES}",
    "lzma.h": "PkgConfig::compressions",
    "zstd.h": "PkgConfig::compressions",
    "bzlib.h": "${bzip2}",
}
# Libraries that are the vocabulary of a module's own headers: whoever USES the module may include them.
PASSED_ON = {"fmt_archive": "core", "boost_asio": "async"}
# Headers with nothing to link, which no row can NEED, and the only module that includes them.
HEADERS_ONLY = {"spdlog/": "core"}
# Headers that nobody may include, and what to take instead.
FORBIDDEN = {
    "boost/asio/experimental/awaitable_operators.hpp":
        "its && and || hide which failure was the cause; take async/both.hpp, or async/deadline.hpp for a limit of time",
}
# Folders of sources that are no modules: main functions, others' sources.
NO_MODULES = {"src/programs", "src/third_party"}
MOST_LINES = 400
MOST_FILES = 45

Row = collections.namedtuple("Row", "parts uses needs")


def read_table(text):
    """The rows in their order: name -> Row."""
    table = {}
    for row in re.findall(r"^carrel_module\(([^)]*)\)", text, re.M):
        parts = {"": [], "PARTS": [], "USES": [], "NEEDS": []}
        part = ""
        for word in row.split():
            if word in parts:
                part = word
            else:
                parts[part].append(word)
        table[parts[""][0]] = Row(parts["PARTS"], parts["USES"], parts["NEEDS"])
    return table


def folder_of(name):
    return name.rpartition("/")[0]


def module_of(name, table):
    """The row with the longest name that the path of a file (src/…) begins with, or None."""
    folder = folder_of(name).removeprefix("src/")
    while folder not in table and "/" in folder:
        folder = folder_of(folder)
    return folder if folder in table else None


def library_of(header):
    """The library of the longest prefix, or None."""
    prefixes = [prefix for prefix in LIBRARIES if header.startswith(prefix)]
    return LIBRARIES[max(prefixes, key=len)] if prefixes else None


def includes_of(text):
    """(line number, header) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line):
            yield number, found[1]


def judge_rows(table):
    above = set()
    for module, row in table.items():
        for used in row.uses:
            if used not in table:
                yield f"{TABLE}: {module} uses {used}, which is no module"
            elif used not in above:
                yield f"{TABLE}: {module} uses {used}, whose row is not above its own"
        for library in row.needs:
            if library not in LIBRARIES.values():
                yield f"{TABLE}: {module} needs {library}, of which tools/check_layers.py knows no header"
        above.add(module)


def judge_include(module, header, table, files):
    """Why a file of `module` may not include `header`, or None."""
    row = table[module]
    if ".." in header.split("/"):
        return f"{header} leads out of its folder: name it from src"
    for prefix, home in HEADERS_ONLY.items():
        if header.startswith(prefix) and module != home:
            return f"{header} may only be included in {home}"
    target = module_of("src/" + header, table) if "src/" + header in files else None
    if target and target != module and target not in row.uses:
        return f"{module} may not include {target} (its row in {TABLE} does not use it)"
    library = library_of(header)
    if library and library not in row.needs and PASSED_ON.get(library) not in [module, *row.uses]:
        return f"{header} is of {library}, which the row of {module} in {TABLE} does not need"
    return None


def judge_file(name, text, table, files):
    lines = len(text.splitlines())
    if lines > MOST_LINES:
        yield f"{name}: {lines} lines; split it below {MOST_LINES}"
    for number, header in includes_of(text):
        if why := FORBIDDEN.get(header):
            yield f"{name}:{number}: {header} may not be included: {why}"
    folder, module = folder_of(name), module_of(name, table)
    if folder in NO_MODULES:
        return
    if module is None or folder.removeprefix("src/") not in [module, *(f"{module}/{part}" for part in table[module].parts)]:
        yield f"{name}: its folder is no row of {TABLE}"
        return
    namespace = "carrel::" + module.replace("/", "::")
    if not re.search(rf"^(inline )?namespace {namespace}\b", text, re.M):
        yield f"{name}: declares nothing in the namespace of its folder, {namespace}"
    for number, header in includes_of(text):
        if why := judge_include(module, header, table, files):
            yield f"{name}:{number}: {why}"


def judge_surplus(table, files):
    """What rows name and their files do without."""
    texts = collections.defaultdict(str)
    for name, text in files.items():
        texts[module_of(name, table)] += text
    for module, row in table.items():
        headers = [header for _, header in includes_of(texts[module])]
        libraries = {library_of(header) for header in headers}
        used_modules = {module_of("src/" + header, table) for header in headers}
        for library in row.needs:
            if library not in libraries:
                yield f"{TABLE}: {module} needs {library}, but no file of it includes a header of that"
        for used in row.uses:
            if used not in used_modules and not re.search(rf"\b{used.rpartition('/')[2]}::", texts[module]):
                yield f"{TABLE}: {module} uses {used}, but no file of it includes or names anything of that"


def judge_folders(files):
    for folder, count in collections.Counter(map(folder_of, files)).items():
        if count > MOST_FILES:
            yield f"{folder}: {count} source files; give it rooms of at most {MOST_FILES}"


def complaints(table_text, files):
    """`files`: the text of every source by its path (src/…)."""
    table = read_table(table_text)
    yield from judge_rows(table)
    for name, text in sorted(files.items()):
        yield from judge_file(name, text, table, files)
    yield from judge_surplus(table, files)
    yield from judge_folders(files)


def main():
    paths = [path for kind in ("*.cpp", "*.hpp") for path in (ROOT / "src").rglob(kind)]
    files = {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}
    found = list(complaints((ROOT / TABLE).read_text(), files))
    print("\n".join(found) if found else f"layers: every include is allowed by {TABLE}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
