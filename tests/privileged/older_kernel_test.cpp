#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

TEST_CASE("Without the calls that Debian 12's kernel lacks, desks are made all the same") {
    JailUnderTest jail{JailUnderTest::Kernel::debian_12};
    const auto facts = jail.ask(jail::wire::Doctor{}).answer;
    CHECK(facts.find("overlay_by_descriptor") == "no");
    CHECK(facts.find("clone_into_cgroup") == "no");
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    CHECK(desk.answer.find("warning") == std::nullopt);
    CHECK(jail.shell(spec.id,
                     "cd /home/agent && echo more >> note && mkdir a && cat note && stat -c %u:%g note a") ==
          "from the image\nmore\n1000:1000\n1000:1000\nstatus 0\n");
    CHECK(jail.ask(jail::wire::Usage{spec.id}).answer.get_number("processes") > 0);
    REQUIRE(!jail.ask(jail::wire::Freeze{spec.id}).answer.error);
    REQUIRE(!jail.ask(jail::wire::Thaw{spec.id}).answer.error);
    jail.stop(spec.id);
    CHECK(jail.ask(jail::wire::List{}).answer.fields.empty());
}

TEST_CASE("The newer calls are used where there are some") {
    JailUnderTest jail;
    const auto facts = jail.ask(jail::wire::Doctor{}).answer;
    for (const auto& [key, value] : facts.fields) MESSAGE(key << " = " << value);
    CHECK(facts.find("clone_into_cgroup") == "yes");
}
