#include "store/reserve.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/fakes/temp_dir.hpp"

using carrel::store::Reserve;

TEST_CASE("the reserve takes its room, gives it up once, and takes it again") {
    const carrel::fakes::TempDir dir;
    const auto path = dir / "reserve";
    Reserve reserve{path};
    CHECK(std::filesystem::file_size(path) == 8 << 20);
    CHECK(reserve.release());
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK_FALSE(reserve.release());
    reserve.restore();
    CHECK(std::filesystem::file_size(path) == 8 << 20);
}

TEST_CASE("a reserve that finds no room is none") {
    Reserve reserve{"/nowhere/reserve"};
    CHECK_FALSE(reserve.release());
}

TEST_CASE("room beside the reserve is looked up, and nothing is left of the look") {
    const carrel::fakes::TempDir dir;
    const Reserve reserve{dir / "reserve"};
    CHECK(reserve.is_held());
    CHECK(reserve.is_room_beside());
    CHECK_FALSE(std::filesystem::exists(dir / "reserve.probe"));
    std::filesystem::create_directory(dir / "reserve.probe");  // no file can be made there
    CHECK_FALSE(reserve.is_room_beside());
}
