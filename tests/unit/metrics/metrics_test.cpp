#include "metrics/metrics.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/error.hpp"

using namespace carrel::metrics;
using namespace std::chrono_literals;

namespace {

/// The value behind `series`, or "" where there is none.
std::string value_of(const std::string& text, const std::string& series) {
    const auto place = ("\n" + text).find("\n" + series + " ");
    if (place == std::string::npos) return {};
    const auto begin = place + series.size() + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("operations are counted by their row and the class of their status") {
    Metrics metrics;
    metrics.note_operation("mouse/click", "POST", 200, 2ms);
    metrics.note_operation("mouse/click", "POST", 204, 40ms);
    metrics.note_operation("mouse/click", "POST", 404, 1s);
    metrics.note_operation("mouse/click", "POST", 0, 1min);
    const auto text = metrics.write({});
    const auto count = [&](std::string_view status) {
        return value_of(text, "carrel_operations_total{method=\"POST\",operation=\"mouse/click\",status=\"" +
                                  std::string{status} + "\"}");
    };
    CHECK(count("2xx") == "2");
    CHECK(count("4xx") == "1");
    CHECK(count("gone") == "1");
    CHECK(count("5xx").empty());
    const std::string times = "carrel_operation_seconds_bucket{method=\"POST\",operation=\"mouse/click\",le=";
    CHECK(value_of(text, times + "\"0.0025\"}") == "1");
    CHECK(value_of(text, times + "\"0.05\"}") == "2");
    CHECK(value_of(text, times + "\"+Inf\"}") == "4");
}

TEST_CASE("every status has a class") {
    struct Case {
        int status;
        std::string_view expected;
    };
    for (const auto& [status, expected] :
         {Case{101, "1xx"}, Case{200, "2xx"}, Case{304, "3xx"}, Case{499, "4xx"}, Case{503, "5xx"},
          Case{0, "gone"}, Case{-1, "5xx"}, Case{999, "5xx"}})
        CHECK(class_of(status) == expected);
}

TEST_CASE("both ways to a desk are there before the first session, and its steps with it") {
    Metrics metrics;
    const auto before = metrics.write({});
    CHECK(value_of(before, "carrel_session_create_seconds_count{pool=\"hit\"}") == "0");
    CHECK(value_of(before, "carrel_session_create_seconds_count{pool=\"miss\"}") == "0");
    metrics.note_creation("miss", {{"commit", 2ms}, {"start", 40ms}}, 45ms);
    const auto text = metrics.write({});
    CHECK(value_of(text, "carrel_session_create_seconds_count{pool=\"miss\"}") == "1");
    CHECK(value_of(text, "carrel_session_create_phase_seconds_count{phase=\"start\",pool=\"miss\"}") == "1");
    CHECK(value_of(text, "carrel_session_create_phase_seconds_sum{phase=\"commit\",pool=\"miss\"}") ==
          "0.002");
}

TEST_CASE("models' calls tell their tokens, and a vendor's nonsense takes none away") {
    Metrics metrics;
    metrics.note_model_call({.vendor = "anthropic",
                             .model = "other",
                             .outcome = "answered",
                             .took = 3s,
                             .input_tokens = 10,
                             .output_tokens = 4,
                             .cache_read_tokens = 90});
    metrics.note_model_call(
        {.vendor = "anthropic", .model = "other", .outcome = "failed", .took = 1s, .input_tokens = -7});
    const auto text = metrics.write({});
    const auto tokens = [&](const std::string& kind) {
        return value_of(
            text, "carrel_model_tokens_total{kind=\"" + kind + "\",model=\"other\",vendor=\"anthropic\"}");
    };
    CHECK(tokens("input") == "10");
    CHECK(tokens("output") == "4");
    CHECK(tokens("cache_read") == "90");
    CHECK(tokens("cache_write") == "0");
    CHECK(value_of(
              text,
              "carrel_model_call_seconds_count{model=\"other\",outcome=\"failed\",vendor=\"anthropic\"}") ==
          "1");
}

TEST_CASE("what is read at a scrape stands beside it, one family a name, with values escaped") {
    Sheet sheet;
    sheet.gauge("carrel_desks", "Desks.", 3, {{"state", "ready"}});
    sheet.gauge("carrel_desks", "Desks.", 1, {{"state", "starting"}});
    sheet.counter("carrel_words_total", "Words.", 7, {{"text", "a\"b\\c\nd"}});
    const auto text = Metrics{}.write(std::move(sheet));
    CHECK(text.find("# TYPE carrel_desks gauge\ncarrel_desks{state=\"ready\"} "
                    "3\ncarrel_desks{state=\"starting\"} 1\n") != text.npos);
    CHECK(text.find("# TYPE carrel_words_total counter\ncarrel_words_total{text=\"a\\\"b\\\\c\\nd\"} 7\n") !=
          text.npos);
    CHECK(std::ranges::count(text, '\n') > 5);
}

TEST_CASE("what Prometheus takes for no name is refused") {
    Sheet sheet;
    CHECK_THROWS_AS(sheet.gauge("carrel desks", "", 1), carrel::core::Error);
    CHECK_THROWS_AS(sheet.gauge("carrel_desks", "", 1, {{"a-b", "x"}}), carrel::core::Error);
}

TEST_CASE("names from outside are those that are known, or other") {
    const std::vector<std::string> known{"claude-opus-5-5", "scripted"};
    CHECK(bounded("claude-opus-5-5", known) == "claude-opus-5-5");
    CHECK(bounded("claude-opus-5-5\n", known) == "other");
    CHECK(bounded("", known) == "other");
}
