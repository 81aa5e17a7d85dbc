#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

TEST_CASE("A desk starts, runs its program and answers at its endpoint") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    CHECK(desk.process);
    CHECK(jail.shell(spec.id, "id -u; hostname; cat /etc/hostname") ==
          fmt::format("1000\n{0}\n{0}\nstatus 0\n", spec.id));
    for (const auto& [key, value] : desk.answer.fields) MESSAGE(key << " = " << value);
}
