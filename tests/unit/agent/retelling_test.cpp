#include "agent/retelling.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "agent/history.hpp"

using namespace carrel::agent;

namespace {

const Block thought{"thinking", R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"};
Block call(int id) {
    return {
        "tool_use",
        fmt::format(R"({{"type":"tool_use","id":"toolu_{}","name":"screenshot","input":{{"n":1.50}}}})", id)};
}
std::string shown(int id, std::size_t size = 30) {
    const Picture picture{"\x89PNG\r\n\x1a\n" + std::string(size, 'x'), "image/png", {1, 1}};
    const std::vector<Answered> answered{
        {{fmt::format("toolu_{}", id), "screenshot", "", {}}, {"", picture, false}}};
    return results_message(answered);
}

/// A person's message, then `count` looks at the screen.
std::vector<std::string> looks(int count) {
    std::vector<std::string> history{user_message("look", false)};
    for (int i = 0; i < count; ++i) {
        history.push_back(assistant_message(std::vector{thought, call(i)}));
        history.push_back(shown(i));
    }
    return history;
}

std::vector<std::string> apply(std::vector<std::string> history, const Retold& retold) {
    history.resize(retold.keep);
    history.insert(history.end(), retold.rest.begin(), retold.rest.end());
    return history;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("older pictures go and the newest stay; behind them no thought stays, before them all does") {
    const auto history = looks(5);
    const auto cleared = clear_pictures(history, 2, std::size_t(-1));
    REQUIRE(cleared);
    const auto after = apply(history, *cleared);
    REQUIRE(after.size() == history.size());
    CHECK(survey(after).pictures == 2);
    CHECK(survey(after).call_ids == survey(history).call_ids);
    CHECK(after[0] == history[0]);
    CHECK(after[1] == history[1]);
    CHECK(has(after[2], "no longer kept"));
    // Nothing is changed but that: not even the writing of a number.
    CHECK(after[3] == assistant_message(std::vector{call(1)}));
    CHECK(after[8] == history[8]);
    CHECK(after[10] == history[10]);
    CHECK_FALSE(clear_pictures(after, 2, std::size_t(-1)));
    for (const auto& message : after) CHECK(carrel::json::parse(message));
}

TEST_CASE("pictures go until the rest fits, the newest ones too when they must") {
    std::vector<std::string> history = looks(1);
    for (int i = 1; i < 4; ++i) {
        history.push_back(assistant_message(std::vector{call(i)}));
        history.push_back(shown(i, 100'000));
    }
    const auto half = clear_pictures(history, 100, 300'000);
    REQUIRE(half);
    CHECK(survey(apply(history, *half)).pictures == 2);
    CHECK(survey(apply(history, *half)).bytes < 300'000);
    const auto none = clear_pictures(history, 100, 1'000);
    REQUIRE(none);
    CHECK(survey(apply(history, *none)).pictures == 0);
    CHECK_FALSE(clear_pictures({{user_message("hi", false)}}, 0, 0));
}

TEST_CASE("the last answer and what follows it become words; what the vendor took before stays as it is") {
    auto history = looks(2);
    history.push_back(user_message("and now?", false));
    const auto retold = tell_newest_in_words(history);
    REQUIRE(retold);
    CHECK(retold->keep == 3);
    REQUIRE(retold->rest.size() == 2);
    CHECK(has(retold->rest[0], "[call of screenshot: {\\\"n\\\":1.5E0}]"));
    CHECK(has(retold->rest[0], "[its result: (a picture)]"));
    CHECK(retold->rest[1] == history.back());
    const std::vector plain{user_message("hi", false),
                            assistant_message(std::vector{Block{"text", text_block("ho")}})};
    CHECK_FALSE(tell_newest_in_words(plain));
    CHECK_FALSE(tell_newest_in_words({{plain[0]}}));
}

TEST_CASE("everything becomes one message of words, however long it was; the question at its end stays") {
    auto history = looks(3'000);
    history.push_back(user_message("and now?", false));
    const auto retold = tell_all_in_words(history);
    REQUIRE(retold);
    CHECK(retold->keep == 0);
    REQUIRE(retold->rest.size() == 2);
    CHECK(retold->rest[0].size() < 100'000);
    CHECK(has(retold->rest[0], "You: [call of screenshot"));
    CHECK(retold->rest[1] == history.back());
    history.pop_back();
    CHECK(tell_all_in_words(history)->rest.size() == 1);
    CHECK_FALSE(tell_all_in_words({{user_message("hi", false)}}));
}

TEST_CASE("the last answer can be left out, and the model is told which calls ran") {
    auto history = looks(2);
    history.push_back(user_message("and now?", false));
    const auto retold = leave_newest_out(history);
    REQUIRE(retold);
    CHECK(retold->keep == 3);
    REQUIRE(retold->rest.size() == 2);
    CHECK(has(retold->rest[0], "Its tool calls ran all the same: screenshot."));
    CHECK(retold->rest[1] == history.back());
    CHECK_FALSE(leave_newest_out({{user_message("hi", false)}}));
}

TEST_CASE("an answer that was to be gone on from, and is altered, is followed by a word that asks for that") {
    auto history = looks(3);
    history.push_back(assistant_message(std::vector{thought, Block{"text", text_block("Let me think.")}}));
    for (const auto& retold : {clear_pictures(history, 1, std::size_t(-1)), tell_newest_in_words(history)}) {
        REQUIRE(retold);
        CHECK(retold->rest.back() == user_message(go_on_note, false));
    }
}
