#include "store/schema.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/fake_sql.hpp"

using namespace carrel;
using Lines = std::vector<std::string>;

namespace {

const std::vector<std::string_view> steps{"first", "second", "third"};

}  // namespace

TEST_CASE("the steps that a database lacks are applied in order, each in a transaction of its own") {
    fakes::FakeSql database;
    database.version = 1;
    store::migrate(database, steps);
    CHECK(database.lines ==
          Lines{"begin", "second", "version 2", "COMMIT", "begin", "third", "version 3", "COMMIT"});
    database.lines.clear();
    store::migrate(database, steps);
    CHECK(database.lines.empty());
}

TEST_CASE("a step that fails is taken back, and none comes after it") {
    fakes::FakeSql database;
    database.failing = "second";
    CHECK_THROWS_AS(store::migrate(database, steps), core::Error);
    CHECK(database.lines == Lines{"begin", "first", "version 1", "COMMIT", "begin", "second", "ROLLBACK"});
}

TEST_CASE("a database that knows more steps than the program is left alone") {
    fakes::FakeSql database;
    database.version = 4;
    CHECK_THROWS_AS(store::migrate(database, steps), core::Error);
    CHECK(database.lines.empty());
}
