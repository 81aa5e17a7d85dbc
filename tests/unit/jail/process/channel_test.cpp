#include "jail/process/channel.hpp"

#include <doctest/doctest.h>

#include "core/sys.hpp"

namespace carrel::jail::process {

TEST_CASE("a failure of a desk's first process keeps its kind, its reason and its sentence") {
    for (const auto& error : {core::system_error("open /dev/null", EMFILE),
                              core::Error{core::Code::conflict, "a sentence: with words"},
                              core::Error{core::Code::internal, ""}}) {
        const auto back = parse_failure(format_failure(error));
        CHECK(back.code() == error.code());
        CHECK(back.reason() == error.reason());
        CHECK(back.message() == error.message());
    }
    CHECK(core::system_error("open", EMFILE).reason() == "no_descriptors");
}

TEST_CASE("what is no failure is told as one without words") {
    for (const char* text : {"", "x", "99  too large", "-1 a b"})
        CHECK(parse_failure(text).message() == "the desk's first process failed without saying why");
}

}  // namespace carrel::jail::process
