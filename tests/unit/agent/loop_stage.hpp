// One turn of the loop between fakes of its four borders, and answers to give it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/loop.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::agent {

inline Block text(std::string_view words) {
    return {"text", fmt::format(R"({{"type":"text","text":"{}"}})", words)};
}
inline Block call(std::string_view id, std::string_view name, std::string_view input = "{}") {
    const auto* toolset = name == "bash" ? "" : R"("toolset_name":"computer",)";
    return {"tool_use", fmt::format(R"({{"type":"tool_use","id":"{}","name":"{}",{}"input":{}}})", id, name,
                                    toolset, input)};
}
inline Answer answer_of(std::vector<Block> blocks, std::string stop_reason = "end_turn") {
    return {std::move(blocks), std::move(stop_reason), {}, false};
}

struct Stage {
    fakes::FakeModel model;
    fakes::FakeDeskCalls desk;
    fakes::FakeSink sink;
    fakes::FakeTranscript transcript;
    async::Pool pool{1};

    Task<TurnEnd> turn(std::string message = "do it", LoopLimits limits = {}) {
        transcript.begin(message);
        return run_turn(model, desk, transcript, sink, pool, {{1280, 800}, {}, limits});
    }
    TurnEnd play(std::string message = "do it", LoopLimits limits = {}) {
        TurnEnd end;
        fakes::run_loop([&](async::Executor) -> Task<> { end = co_await turn(message, limits); });
        return end;
    }
    const std::string& last() const { return transcript.stored.back(); }
};

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace carrel::agent
