// What the loop lets into the history, what it takes back, and what becomes of a history that grew too large.
#include <doctest/doctest.h>

#include <algorithm>

#include "agent/history.hpp"
#include "tests/unit/agent/loop_stage.hpp"

using namespace carrel;
using namespace carrel::agent;
using Status = TurnEnd::Status;

namespace {

fakes::FakeModel::Reply refusal(std::string reason = std::string{refused_request}) {
    return [reason](Question, Progress&) -> Task<Answer> {
        throw core::Error{core::Code::invalid, "The vendor refused it", reason};
        co_return Answer{};
    };
}
const Block thought{"thinking", R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"};

}  // namespace

TEST_CASE("thoughts alone are no answer that the history could keep") {
    for (const auto* reason : {"end_turn", "max_tokens"}) {
        Stage stage;
        auto cut = answer_of({thought}, reason);
        cut.lost_tool_use = reason == std::string_view{"max_tokens"};
        stage.model.add(cut);
        stage.model.add(answer_of({text("better")}));
        CHECK(stage.play().status == Status::completed);
        for (const auto& message : stage.transcript.stored) CHECK_FALSE(has(message, "thinking"));
    }
}

TEST_CASE("a call that cannot be made is answered with an error, and the others are made") {
    Stage stage;
    auto broken = call("toolu_1", "bash");
    broken.problem = "its input is not JSON";
    stage.model.add(
        answer_of({broken, call("toolu_1", "screenshot"), call("toolu_3", "two words")}, "tool_use"));
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    const auto& results = stage.transcript.stored[2];
    CHECK(has(results, "Not executed: its input is not JSON. Make the call again."));
    CHECK(survey({{results}}).call_ids.size() == 2);
    CHECK(survey({{results}}).pictures == 1);
    CHECK(has(stage.transcript.stored[3], "no usable name"));
    CHECK(stage.desk.calls.size() == 1);
}

TEST_CASE("what the vendor refuses is told otherwise, and stays so once the vendor takes it") {
    Stage stage;
    stage.model.add(answer_of(
        {{"novel", R"({"type":"novel"})"}, text("I look"), call("toolu_1", "screenshot")}, "tool_use"));
    stage.model.replies.push_back(refusal());
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    REQUIRE(stage.transcript.stored.size() == 4);
    CHECK(stage.transcript.stored[1] == assistant_message(std::vector{text("I look")}));
    CHECK(has(stage.transcript.stored[2], "[call of screenshot: {}]"));
    CHECK(stage.model.questions.back() ==
          std::vector(stage.transcript.stored.begin(), stage.transcript.stored.end() - 1));
    CHECK(std::ranges::count(
              stage.sink.lines,
              "status The vendor refused it. Asking again, with its newest part in plain words") == 1);
}

TEST_CASE("a message that the vendor takes in no way is taken back, and the next one works") {
    for (const auto reason : {refused_request, too_large_request}) {
        Stage stage;
        stage.model.add(answer_of({text("hello")}));
        CHECK(stage.play().status == Status::completed);
        const auto before = stage.transcript.stored;
        for (int i = 0; i < 3; ++i) stage.model.replies.push_back(refusal(std::string{reason}));
        CHECK(stage.play("poison").code == reason);
        CHECK(stage.model.replies.empty());
        CHECK(stage.transcript.stored == before);
        CHECK(stage.sink.lines.back() == "status The message is taken out of what the model reads");
        stage.model.add(answer_of({text("hello")}));
        CHECK(stage.play("again").status == Status::completed);
    }
}

TEST_CASE("a step stays when the vendor refuses the conversation without it as well") {
    Stage stage;
    stage.model.add(answer_of({call("toolu_1", "screenshot")}, "tool_use"));
    for (int i = 0; i < 4; ++i) stage.model.replies.push_back(refusal());
    CHECK(stage.play().code == refused_request);
    CHECK(stage.model.replies.empty());
    REQUIRE(stage.transcript.stored.size() == 3);
    CHECK(survey(stage.transcript.stored).pictures == 1);
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play("go on").status == Status::completed);
    CHECK(survey(stage.model.questions.back()).pictures == 1);
}

TEST_CASE("a step that the vendor declines is taken back, but for the word that its calls ran") {
    Stage stage;
    stage.model.add(answer_of({call("toolu_1", "screenshot")}, "tool_use"));
    stage.model.add(answer_of({}, "refusal"));
    CHECK(stage.play().code == "refusal");
    REQUIRE(stage.transcript.stored.size() == 2);
    CHECK(has(stage.last(), "Its tool calls ran all the same: screenshot."));
}

TEST_CASE("what is declined once it was told otherwise is taken back, and the history stays as it was") {
    Stage stage;
    stage.model.add(answer_of({text("I look"), call("toolu_1", "screenshot")}, "tool_use"));
    stage.model.add(answer_of({text("hello")}));
    CHECK(stage.play("look").status == Status::completed);
    const auto before = stage.transcript.stored;
    stage.model.replies.push_back(refusal());
    stage.model.add(answer_of({}, "refusal"));
    CHECK(stage.play("poison").code == "refusal");
    CHECK(stage.transcript.stored == before);
    stage.model.add(answer_of({text("hello")}));
    CHECK(stage.play("again").status == Status::completed);
    for (const auto& message : stage.model.questions.back()) CHECK_FALSE(has(message, "poison"));
}

TEST_CASE("a session never dies of its pictures: the older ones go, in steps") {
    Stage stage;
    stage.model.most = 10;
    constexpr int looks = 40;
    std::size_t changes = 0;
    for (int i = 0; i < looks; ++i)
        stage.model.add(answer_of({call(fmt::format("toolu_{}", i), "screenshot")}, "tool_use"));
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    const auto& questions = stage.model.questions;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        CHECK(survey(questions[i]).pictures <= 10);
        if (i > 0 &&
            !std::ranges::equal(questions[i - 1], std::span{questions[i]}.first(questions[i - 1].size())))
            ++changes;
    }
    // Each time half of them went.
    CHECK(changes == 5);

    Stage heavy;
    heavy.desk.shown.bytes += std::string(100'000, 'x');
    heavy.model.most_bytes = 1'000'000;
    for (int i = 0; i < looks; ++i)
        heavy.model.add(answer_of({call(fmt::format("toolu_{}", i), "screenshot")}, "tool_use"));
    heavy.model.add(answer_of({text("done")}));
    CHECK(heavy.play().status == Status::completed);
    for (const auto& question : heavy.model.questions) CHECK(survey(question).bytes <= 1'000'000);
}

TEST_CASE("a picture that is large as a PNG is taken as a JPEG, and one that is too large is an error") {
    for (const auto& [size, is_error] : {std::pair{2'000'000, false}, {5'000'000, true}}) {
        Stage stage;
        stage.desk.shown.bytes += std::string(static_cast<std::size_t>(size), 'x');
        stage.model.add(answer_of({call("toolu_1", "screenshot")}, "tool_use"));
        stage.model.add(answer_of({text("done")}));
        CHECK(stage.play().status == Status::completed);
        CHECK(has(stage.desk.calls.at(1), R"("format":"jpeg","quality":90)"));
        CHECK(stage.desk.calls.size() == (is_error ? 3 : 2));
        CHECK(has(stage.transcript.stored[2], R"("is_error":true)") == is_error);
    }
}
