#include "agent/rules.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "agent/history.hpp"

using namespace carrel::agent;

namespace {

Block block(std::string_view type, std::string_view rest) {
    return {std::string{type}, fmt::format(R"({{"type":"{}",{}}})", type, rest)};
}
Block text(std::string_view words) { return block("text", fmt::format(R"("text":"{}")", words)); }
Block call(std::string_view id, std::string_view name = "bash", std::string_view input = "{}") {
    return block("tool_use", fmt::format(R"("id":"{}","name":"{}","input":{})", id, name, input));
}
const Block thought = block("thinking", R"("thinking":"hm","signature":"c2ln")");

std::size_t kept(const std::vector<Block>& blocks) { return make_lawful(blocks, {}).blocks.size(); }

}  // namespace

TEST_CASE("an answer without fault is kept as it came") {
    const std::vector blocks{thought, text("I look"), call("toolu_1"), block("of_the_future", R"("a":1.0)")};
    const auto lawful = make_lawful(blocks, {"toolu_0"});
    CHECK_FALSE(lawful.is_altered);
    REQUIRE(lawful.blocks.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(lawful.blocks[i].raw == blocks[i].raw);
    REQUIRE(lawful.calls.size() == 1);
    CHECK(lawful.calls[0].problem.empty());
}

TEST_CASE("texts of white space, by the vendor's reading, are left out") {
    for (const auto* words : {"", " ", "\\n\\t", "\\u00a0", "\\u3000", "\\f", "\\u000b", "\\u2003\\u0085"})
        CHECK_MESSAGE(kept({text(words)}) == 0, words);
    CHECK(kept({text("\\u00a0.")}) == 1);
}

TEST_CASE("thoughts alone, behind all else or without signature are left out") {
    const auto hidden = block("redacted_thinking", R"("data":"x")");
    CHECK(kept({thought}) == 0);
    CHECK(kept({thought, hidden, thought}) == 0);
    CHECK(kept({thought, text(" ")}) == 0);
    CHECK(kept({thought, text("a"), thought}) == 2);
    CHECK(kept({hidden, text("a")}) == 2);
    CHECK(kept({block("thinking", R"("thinking":"hm","signature":"")"), text("a")}) == 1);
    CHECK(kept({block("redacted_thinking", R"("data":"")"), text("a")}) == 1);
    CHECK(make_lawful({thought}, {}).is_altered);
}

TEST_CASE("ids that are taken, doubled or malformed become others, and no two are the same") {
    const auto lawful = make_lawful(
        {call("toolu_1"), call("toolu_1"), call("a b"), call(""), call("toolu_9")}, {"toolu_1", "toolu_9"});
    REQUIRE(lawful.calls.size() == 5);
    std::set<std::string> ids{"toolu_1", "toolu_9"};
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(ids.insert(lawful.calls[i].use.id).second);
        CHECK(lawful.calls[i].use.id.find_first_of(" \"") == std::string::npos);
        CHECK(parse_tool_use(lawful.blocks[i].raw)->id == lawful.calls[i].use.id);
    }
    CHECK(lawful.is_altered);
}

TEST_CASE("a call whose input is unusable stays, with a problem; one without a usable name is lost") {
    const auto lawful =
        make_lawful({call("a", "bash", "[1]"), {"tool_use", call("b").raw, "it was cut off"}}, {});
    REQUIRE(lawful.calls.size() == 2);
    CHECK(lawful.calls[0].problem == "its input is not a JSON object");
    CHECK(lawful.blocks[0].raw.find(R"("input":{})") != std::string::npos);
    CHECK(lawful.calls[1].problem == "it was cut off");
    CHECK_FALSE(lawful.has_lost_calls);
    for (const auto& lost :
         {call("a", ""), call("a", "two words"), Block{"tool_use", "torn"},
          block("tool_use", R"("id":"a","name":"fly","toolset_name":"computer","input":{})"),
          block("tool_use", R"("id":"a","name":"bash","toolset_name":"other","input":{})")}) {
        const auto other = make_lawful({text("x"), lost}, {});
        CHECK(other.has_lost_calls);
        CHECK(other.calls.empty());
        CHECK(other.blocks.size() == 1);
    }
    CHECK(kept({{"", "[]"}, {"", R"({"a":1})"}, {"text", "no JSON"}}) == 0);
}

TEST_CASE("results hold what the vendor takes") {
    const Picture good{"\x89PNG\r\n\x1a\nrest", "image/png", {1, 1}};
    auto failed = make_lawful(ToolResult{"no", good, true});
    CHECK_FALSE(failed.picture);
    CHECK(failed.text == "no");
    CHECK(make_lawful(ToolResult{"", good, false}).picture);
    CHECK(make_lawful(ToolResult{"\u00a0", good, false}).text.empty());
    CHECK(make_lawful(ToolResult{"\u3000", {}, false}).text == "<system>done; no output</system>");
    CHECK(make_lawful(ToolResult{"", {}, true}).text == "<system>failed without saying why</system>");
    CHECK(make_lawful(ToolResult{"a\xff", {}, false}).text == "a\ufffd");
    CHECK(make_lawful(ToolResult{std::string(3'000'000, 'x'), {}, false}).text.size() < 1'100'000);
    for (auto [bytes, type] : {std::pair{std::string{"\xff\xd8\xff"}, "image/png"},
                               {"RIFF", "image/webp"},
                               {"\x89PNG\r\n\x1a\n", "image/jpeg"}}) {
        const auto result = make_lawful(ToolResult{"", Picture{bytes, type, {1, 1}}, false});
        CHECK(result.is_error);
        CHECK_FALSE(result.picture);
    }
    auto large = good;
    large.bytes.resize(most_picture_bytes + 1);
    CHECK(make_lawful(ToolResult{"", large, false}).is_error);
}
