#include "desk/init/given.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "desk/init/part.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using desk::init::Part;

TEST_CASE("Lines go into the environment as they are, and what is none does not") {
    using desk::init::take_lines;
    CHECK(take_lines("CARREL_T1=a=b\0CARREL_T2=\0CARREL_T3=two\nlines\0"sv) == 3);
    CHECK(std::string{std::getenv("CARREL_T1")} == "a=b");
    CHECK(std::string{std::getenv("CARREL_T2")}.empty());
    CHECK(std::string{std::getenv("CARREL_T3")} == "two\nlines");
    CHECK(take_lines("CARREL_T1=new\0"sv) == 1);
    CHECK(std::string{std::getenv("CARREL_T1")} == "new");
    for (const auto lines : {""sv, "CARREL_T4=cut"sv, "CARREL_T4\0"sv, "=x\0"sv, "\0\0\0"sv})
        CHECK(take_lines(lines) == 0);
    CHECK(std::getenv("CARREL_T4") == nullptr);
    for (const auto* name : {"CARREL_T1", "CARREL_T2", "CARREL_T3"}) ::unsetenv(name);
}

TEST_CASE("A part that was told to end is as new: its start is no restart, and counts for itself") {
    Part part{core::Speaker::window_manager, {}};
    for (std::size_t i = 0; i < desk::init::most_starts; ++i) CHECK(part.may_start(Part::Time{}));
    part.has_run = part.is_renewed = true;
    part.forget_starts();
    CHECK_FALSE(part.has_run);
    CHECK_FALSE(part.is_renewed);
    CHECK(part.may_start(Part::Time{}));
}
