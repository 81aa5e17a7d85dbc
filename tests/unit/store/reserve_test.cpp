#include "store/reserve.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/fakes/temp_dir.hpp"

using carrel::store::Reserve;

TEST_CASE("the reserve takes its room, gives it up once, and takes it again") {
    const carrel::fakes::TempDir dir;
    const auto path = dir / "reserve";
    Reserve reserve{path};
    CHECK(std::filesystem::file_size(path) == 1 << 20);
    CHECK(reserve.release());
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK_FALSE(reserve.release());
    reserve.restore();
    CHECK(std::filesystem::file_size(path) == 1 << 20);
}

TEST_CASE("a reserve that finds no room is none") {
    Reserve reserve{"/nowhere/reserve"};
    CHECK_FALSE(reserve.release());
}
