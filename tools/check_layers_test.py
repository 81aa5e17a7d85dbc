#!/usr/bin/python3
"""Tests of check_layers.py: small trees, and what it says of each."""
import unittest

import check_layers

TABLE = """
carrel_module(core                       NEEDS fmt_archive)
carrel_module(async      USES core       NEEDS boost_asio)
carrel_module(store      USES core async NEEDS PkgConfig::sqlite3)
carrel_module(jail/wire  USES core)
carrel_module(jail       USES core
                         jail/wire)
"""
ASYNC_SCOPE = '#include "core/error.hpp"\n#include <boost/asio/post.hpp>\nnamespace carrel::async {\n'
STORE_SQL = '#include <sqlite3.h>\n#include <boost/asio/post.hpp>\nnamespace carrel::store {\ncore::Error e; async::Task<> t;\n'
TREE = {
    "src/core/error.hpp": "#include <fmt/format.h>\nnamespace carrel::core {\n",
    "src/async/scope.cpp": ASYNC_SCOPE,
    "src/store/sql.cpp": STORE_SQL,
    "src/jail/wire/spec.hpp": '#include "core/error.hpp"\nnamespace carrel::jail::wire {\n',
    "src/jail/serve.cpp": '#include "core/error.hpp"\n#include "jail/wire/spec.hpp"\nnamespace carrel::jail {\n',
    "src/programs/carrel_jail.cpp": "int main() {}\n",
}
WIRE = "#include <fmt/format.h>\nnamespace carrel::jail::wire {\ncore::Error e;\n"


def found(changed=None, table=TABLE):
    return list(check_layers.complaints(table, TREE | (changed or {})))


class Complaints(unittest.TestCase):
    def test_a_tree_as_it_should_be_has_none(self):
        self.assertEqual(found(), [])

    def test_files_are_held_against_their_rows(self):
        cases = [
            ("src/jail/wire/spec.cpp", WIRE + '#include "jail/serve.hpp"\n',
             ":4: jail/wire may not include jail (its row in src/CMakeLists.txt does not use it)"),
            ("src/jail/wire/spec.cpp", WIRE + "#include <sqlite3.h>\n",
             ":4: sqlite3.h is of PkgConfig::sqlite3, which the row of jail/wire in src/CMakeLists.txt does not need"),
            ("src/jail/wire/spec.cpp", WIRE + "#include <boost/asio/post.hpp>\n",
             ":4: boost/asio/post.hpp is of boost_asio, which the row of jail/wire in src/CMakeLists.txt does not need"),
            ("src/store/json.cpp", STORE_SQL + "#include <boost/json/value.hpp>\n",
             ":5: boost/json/value.hpp is of Boost::json, which the row of store in src/CMakeLists.txt does not need"),
            ("src/store/log.cpp", STORE_SQL + "#include <spdlog/spdlog.h>\n",
             ":5: spdlog/spdlog.h may only be included in core"),
            ("src/jail/wire/spec.cpp", "namespace carrel::jail {\n",
             ": declares nothing in the namespace of its folder, carrel::jail::wire"),
            ("src/jail/room/door.cpp", "namespace carrel::jail::room {\n",
             ": its folder is no row of src/CMakeLists.txt"),
            ("src/other/door.cpp", "namespace carrel::other {\n", ": its folder is no row of src/CMakeLists.txt"),
            ("src/core/long.cpp", "namespace carrel::core {\n" * 401, ": 401 lines; split it below 400"),
        ]
        for name, text, complaint in cases:
            with self.subTest(complaint):
                self.assertEqual(found({"src/jail/serve.hpp": "namespace carrel::jail {\n", name: text}),
                                 [name + complaint])

    def test_operators_that_hide_a_cause_are_forbidden_everywhere(self):
        header = "boost/asio/experimental/awaitable_operators.hpp"
        for name, text in [("src/async/scope.cpp", ASYNC_SCOPE), ("src/third_party/all.hpp", "")]:
            with self.subTest(name):
                complaints = found({name: text + f"#include <{header}>\n"})
                self.assertEqual(len(complaints), 1)
                self.assertIn(f"{header} may not be included: its && and ||", complaints[0])

    def test_a_namespace_inside_the_folders_is_allowed(self):
        self.assertEqual(found({"src/core/text.cpp": "namespace carrel::core::text {\n"}), [])

    def test_rows_name_only_what_is_above_them_and_what_their_files_use(self):
        cases = [
            ("carrel_module(rfb USES nothing)", ["rfb uses nothing, which is no module",
                                                 "rfb uses nothing, but no file of it includes or names anything of that"]),
            ("carrel_module(rfb USES core)", ["rfb uses core, but no file of it includes or names anything of that"]),
            ("carrel_module(rfb NEEDS PkgConfig::curl)",
             ["rfb needs PkgConfig::curl, but no file of it includes a header of that"]),
            ("carrel_module(rfb NEEDS strange)", ["rfb needs strange, of which tools/check_layers.py knows no header",
                                                  "rfb needs strange, but no file of it includes a header of that"]),
        ]
        for row, complaints in cases:
            with self.subTest(row):
                self.assertEqual(found(table=TABLE + row + "\n"),
                                 ["src/CMakeLists.txt: " + complaint for complaint in complaints])

    def test_no_two_rows_use_each_other(self):
        table = TABLE.replace("jail/wire  USES core", "jail/wire  USES core jail")
        self.assertIn("src/CMakeLists.txt: jail/wire uses jail, whose row is not above its own", found(table=table))

    def test_a_folder_has_a_size(self):
        many = {f"src/core/part{number}.cpp": "namespace carrel::core {\n" for number in range(45)}
        self.assertEqual(found(many), ["src/core: 46 source files; give it rooms of at most 45"])


if __name__ == "__main__":
    unittest.main()
