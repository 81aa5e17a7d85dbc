#include "app/printer.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include "core/sys.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

/// What is printed of a text that comes in pieces of one byte.
std::string printed(std::string_view text, bool is_terminal) {
    const fakes::TempDir folder;
    const auto path = folder / "out";
    const auto file = core::open_file(path, O_WRONLY | O_CREAT, 0600);
    app::Printer printer{file.get(), is_terminal};
    for (const char byte : text) printer.print({&byte, 1});
    printer.finish();
    return core::read_file(path);
}

}  // namespace

TEST_CASE("a terminal gets no sequence of a desk's, a program gets every byte") {
    const std::string text = "a\x1b[2J\xc2\x9b\xf0\x9f\x98\x80\n\xe2\x80";
    CHECK(printed(text, false) == text);
    CHECK(printed(text, true) == "a\\x1b[2J\\u{9b}\xf0\x9f\x98\x80\n\\xe2\\x80");
}
