#include "fleet/adoption.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using fleet::Remedy;
using store::DeskState;

namespace {

store::DeskRow row(std::string id, DeskState state) {
    store::DeskRow row;
    row.id = std::move(id);
    row.session_id = "s1";
    row.state = state;
    row.nonce = "the nonce";
    return row;
}

}  // namespace

TEST_CASE("what becomes of a desk at start follows from its row and from what is on the host") {
    struct Case {
        DeskState state;
        bool is_on_host;
        Remedy::Kind expected;
    };
    const Case cases[] = {
        {DeskState::starting, true, Remedy::Kind::adopt},
        {DeskState::starting, false, Remedy::Kind::mark_lost},
        {DeskState::ready, true, Remedy::Kind::adopt},
        {DeskState::ready, false, Remedy::Kind::mark_lost},
        {DeskState::frozen, true, Remedy::Kind::adopt},
        {DeskState::frozen, false, Remedy::Kind::mark_lost},
        {DeskState::paused, true, Remedy::Kind::adopt},
        {DeskState::failed, true, Remedy::Kind::remove},
        {DeskState::failed, false, Remedy::Kind::remove},
        {DeskState::lost, true, Remedy::Kind::remove},
        {DeskState::lost, false, Remedy::Kind::remove},
        {DeskState::stopped, true, Remedy::Kind::remove},
        {DeskState::stopped, false, Remedy::Kind::remove},
    };
    for (const auto& test : cases) {
        CAPTURE(name_of(test.state));
        CAPTURE(test.is_on_host);
        const fleet::OnHost on_host{std::vector<std::string>(test.is_on_host ? 1 : 0, "desk_1"), {}};
        const auto remedies = fleet::plan_recovery({row("desk_1", test.state)}, on_host);
        REQUIRE(remedies.size() == 1);
        CHECK(remedies[0].kind == test.expected);
        CHECK(remedies[0].row->id == "desk_1");
    }
}

TEST_CASE("of the desks of nobody only warm ones are kept") {
    struct Case {
        DeskState state;
        bool is_on_host;
        Remedy::Kind expected;
    };
    for (const auto& test : {Case{DeskState::warm, true, Remedy::Kind::adopt},
                             Case{DeskState::warm, false, Remedy::Kind::remove},
                             Case{DeskState::starting, true, Remedy::Kind::remove},
                             Case{DeskState::stopped, true, Remedy::Kind::remove}}) {
        CAPTURE(name_of(test.state));
        auto warm = row("desk_1", test.state);
        warm.session_id.clear();
        const fleet::OnHost on_host{std::vector<std::string>(test.is_on_host ? 1 : 0, "desk_1"), {}};
        CHECK(fleet::plan_recovery({warm}, on_host).at(0).kind == test.expected);
    }
}

TEST_CASE("a desk that was not yet as its owner asked for it is not taken over") {
    auto half = row("desk_1", DeskState::starting);
    half.code = fleet::still_beginning;
    CHECK(fleet::plan_recovery({half}, {{"desk_1"}, {}}).at(0).kind == Remedy::Kind::mark_lost);
    CHECK(fleet::plan_recovery({half}, {{}, {}}).at(0).kind == Remedy::Kind::mark_lost);
}

TEST_CASE("what shall sleep is made so as long as its files are anywhere") {
    auto waking = row("desk_1", DeskState::starting);
    waking.code = fleet::after_sleep;
    for (const auto& sleeper : {row("desk_1", DeskState::asleep), waking}) {
        CHECK(fleet::plan_recovery({sleeper}, {{"desk_1"}, {}}).at(0).kind == Remedy::Kind::sleep);
        CHECK(fleet::plan_recovery({sleeper}, {{}, {"desk_1"}}).at(0).kind == Remedy::Kind::sleep);
        CHECK(fleet::plan_recovery({sleeper}, {{}, {}}).at(0).kind == Remedy::Kind::mark_lost);
    }
    // A desk that runs has its files itself.
    CHECK(fleet::plan_recovery({row("desk_1", DeskState::ready)}, {{}, {"desk_1"}}).at(0).kind ==
          Remedy::Kind::mark_lost);
}

TEST_CASE("a desk without a row is removed") {
    const auto remedies =
        fleet::plan_recovery({row("desk_1", DeskState::ready)}, {{"desk_2", "desk_1"}, {"desk_3"}});
    REQUIRE(remedies.size() == 3);
    CHECK(remedies[2].kind == Remedy::Kind::remove_odd);
    CHECK(remedies[2].id == "desk_3");
    CHECK(remedies[1].kind == Remedy::Kind::remove_odd);
    CHECK(remedies[1].id == "desk_2");
    CHECK_FALSE(remedies[1].row);
}

TEST_CASE("a desk is ours only when row, identity file and its own word agree") {
    struct Case {
        std::string identity_nonce;
        fleet::Hello hello;
        bool is_ours;
    };
    const Case cases[] = {
        {"the nonce", {"desk_1", "the nonce", "1"}, true},  {"another", {"desk_1", "the nonce", "1"}, false},
        {"the nonce", {"desk_2", "the nonce", "1"}, false}, {"the nonce", {"desk_1", "another", "1"}, false},
        {"", {"desk_1", "the nonce", "1"}, false},
    };
    for (const auto& test : cases) {
        CAPTURE(test.identity_nonce);
        CAPTURE(test.hello.desk);
        CAPTURE(test.hello.nonce);
        const auto why =
            fleet::why_not_ours(row("desk_1", DeskState::ready), test.identity_nonce, test.hello);
        CHECK(why.has_value() != test.is_ours);
    }
}

TEST_CASE("a hello that is no hello is refused") {
    CHECK(fleet::parse_hello(R"({"desk":"d","nonce":"n","version":"v"})").value().nonce == "n");
    CHECK(fleet::parse_hello(R"({"desk":"d","nonce":"n"})").value().has_display);
    CHECK(fleet::parse_hello(R"({"desk":"d","nonce":"n","display":"no"})").value().has_display);
    CHECK_FALSE(fleet::parse_hello(R"({"desk":"d","nonce":"n","display":false})").value().has_display);
    for (const auto* body : {"", "[]", "{}", R"({"desk":"d"})", R"({"desk":1,"nonce":"n"})", "[[[[[[[[",
                             R"({"desk":"d","nonce":""})"}) {
        CAPTURE(body);
        CHECK_FALSE(fleet::parse_hello(body));
    }
}
