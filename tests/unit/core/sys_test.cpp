#include "core/sys.hpp"

#include <doctest/doctest.h>

using namespace carrel;

TEST_CASE(
    "what the kernel refuses is an error of its kind, and what passes by itself has a reason of its own") {
    struct Case {
        int number;
        core::Code code;
        const char* reason;
    };
    for (const auto& [number, code, reason] : {
             Case{ENOENT, core::Code::not_found, "not_found"},
             Case{EACCES, core::Code::forbidden, "forbidden"},
             Case{EPERM, core::Code::forbidden, "forbidden"},
             Case{ENOSPC, core::Code::exhausted, "exhausted"},
             Case{EDQUOT, core::Code::exhausted, "exhausted"},
             Case{EMFILE, core::Code::exhausted, "no_descriptors"},
             Case{ENFILE, core::Code::exhausted, "no_descriptors"},
             Case{ENOMEM, core::Code::exhausted, "no_memory"},
             Case{EIO, core::Code::internal, "internal"},
         }) {
        const auto error = core::system_error("do it", number);
        CAPTURE(error.message());
        CHECK(error.code() == code);
        CHECK(error.reason() == reason);
        CHECK(error.message() == "do it: " + core::describe_errno(number));
    }
}
