#include "driver/native/slots.hpp"

#include <doctest/doctest.h>

using namespace carrel::driver::native;

TEST_CASE("a slot is nobody else's until it is freed") {
    Slots slots;
    CHECK(slots.take_next() == 0);
    CHECK(slots.take_next() == 1);
    CHECK(slots.take_next() == 2);
    slots.free(1);
    CHECK(slots.take_next() == 1);
    CHECK(slots.take_next() == 3);
}

TEST_CASE("what an earlier server has given away is passed over") {
    Slots slots;
    for (const unsigned slot : {0U, 2U, 2U}) slots.take(slot);
    CHECK(slots.take_next() == 1);
    CHECK(slots.take_next() == 3);
    slots.free(2);
    CHECK(slots.take_next() == 2);
}
