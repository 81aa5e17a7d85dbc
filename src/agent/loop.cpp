#include "agent/loop.hpp"

#include <fmt/format.h>

#include <boost/asio/cancellation_state.hpp>

#include "agent/history.hpp"
#include "agent/prompt.hpp"
#include "agent/tools.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

using Status = TurnEnd::Status;

TurnEnd failed(std::string code, std::string message) {
    return {Status::failed, std::move(code), std::move(message)};
}

constexpr std::string_view cut_note =
    "The answer before was cut at the limit of its length in the middle of a tool call, which was not "
    "executed. "
    "Go on in smaller steps.";

/// One turn on its way.
class Loop {
public:
    Loop(Model& model, DeskCalls& desk, Transcript& transcript, Sink& sink, async::Pool& pool,
         Assignment assignment)
        : model_{model},
          transcript_{transcript},
          sink_{sink},
          pool_{pool},
          assignment_{std::move(assignment)},
          bench_{desk, {assignment_.screen, model.picture_size(assignment_.screen)}} {}

    Task<TurnEnd> play();
    /// Answers what is unanswered when the turn was cut; cancellation must be off.
    Task<> settle();

private:
    /// Nothing while the turn goes on.
    using Verdict = std::optional<TurnEnd>;

    Task<> begin();
    Task<Verdict> step();
    Task<Verdict> keep(const Answer& answer);
    Verdict judge(const Answer& answer) const;
    Task<> run_calls();
    Task<ToolResult> run_call(const ToolUse& use);
    Task<> close_calls();

    Model& model_;
    Transcript& transcript_;
    Sink& sink_;
    async::Pool& pool_;
    Assignment assignment_;
    Bench bench_;
    std::size_t pictures_ = 0;

    // The calls of the answer that is being worked on; empty when all is answered in the transcript.
    std::vector<ToolUse> calls_;
    std::vector<Answered> answered_;
    bool is_told_ = false;  ///< the sink may know of the call after the answered ones
    bool has_failed_ = false;
};

Task<TurnEnd> Loop::play() {
    if (core::trim(assignment_.message).empty())
        co_return failed("empty_message", "The message holds no text");
    co_await begin();
    for (int count = 0; count < assignment_.limits.answers; ++count)
        if (auto end = co_await step()) co_return std::move(*end);
    co_return failed("too_many_steps",
                     fmt::format("The turn was ended after {} answers of the model; send a message to go on",
                                 assignment_.limits.answers));
}

Task<> Loop::begin() {
    co_await heal(transcript_);
    const std::span<const std::string> history{transcript_.messages()};
    pictures_ = co_await async::run_on(pool_, [history] { return count_pictures(history); });
    co_await transcript_.append(
        user_message(assignment_.message, ends_without_answer(transcript_.messages())));
}

Task<Loop::Verdict> Loop::step() {
    if (pictures_ > model_.most_pictures())
        co_return failed(
            "too_many_pictures",
            fmt::format("This session's history holds {} pictures and the model takes {}; start a new "
                        "session to go on",
                        pictures_, model_.most_pictures()));
    const auto answer =
        co_await model_.answer({system_prompt(assignment_.system_suffix), transcript_.messages()}, sink_);
    co_await sink_.usage(answer.usage);
    if (auto end = co_await keep(answer)) co_return end;
    if (!calls_.empty()) {
        co_await run_calls();
        co_return std::nullopt;
    }
    if (answer.lost_tool_use) {
        co_await transcript_.append(user_message(cut_note, false));
        co_return std::nullopt;
    }
    co_return judge(answer);
}

/// Stores the answer, before anything of it is carried out.
Task<Loop::Verdict> Loop::keep(const Answer& answer) {
    // A refusal is no part of the conversation: with it, every later message would be refused too.
    if (answer.stop_reason == "refusal") co_return judge(answer);
    std::vector<ToolUse> calls;
    for (const auto& block : answer.blocks) {
        if (block.type != "tool_use") continue;
        auto use = parse_tool_use(block.raw);
        if (!use)
            co_return failed("bad_answer", "The model's answer is not usable: " + use.error().message());
        calls.push_back(std::move(*use));
    }
    if (answer.blocks.empty()) co_return std::nullopt;
    calls_ = std::move(calls);
    co_await transcript_.append(assistant_message(answer.blocks));
    co_return std::nullopt;
}

/// What an answer without tool calls means.
Loop::Verdict Loop::judge(const Answer& answer) const {
    const auto& reason = answer.stop_reason;
    if (reason == "pause_turn") return std::nullopt;
    if (reason == "refusal") return failed("refusal", "The model declined to go on with this conversation");
    if (reason == "max_tokens")
        return failed("max_tokens", "The model's answer was cut at the limit of its length; ask it to go on");
    if (reason == "model_context_window_exceeded")
        return failed("context_window_exceeded",
                      "The conversation has grown longer than the model can read; start a new session");
    return TurnEnd{};
}

Task<> Loop::run_calls() {
    has_failed_ = false;
    for (const auto& use : calls_) {
        is_told_ = true;
        co_await sink_.tool_use(use.name, use.input, use.id);
        auto result = co_await run_call(use);
        if (result.picture) ++pictures_;
        answered_.push_back({use, std::move(result)});
        is_told_ = false;
        co_await sink_.tool_result(use.id, answered_.back().result);
    }
    co_await close_calls();
}

Task<ToolResult> Loop::run_call(const ToolUse& use) {
    if (!is_computer_call(use)) co_return co_await run_tool(bench_, use);
    if (has_failed_) co_return ToolResult{std::string{not_executed}, {}, true};
    auto result = co_await run_tool(bench_, use);
    has_failed_ = result.is_error;
    co_return result;
}

Task<> Loop::close_calls() {
    const std::span<const Answered> answered{answered_};
    auto message = co_await async::run_on(pool_, [answered] { return results_message(answered); });
    co_await transcript_.append(std::move(message));
    calls_.clear();
    answered_.clear();
}

Task<> Loop::settle() {
    if (calls_.empty() || unanswered_calls(transcript_.messages()).empty()) co_return;
    while (answered_.size() < calls_.size()) {
        answered_.push_back({calls_[answered_.size()], interrupted_result()});
        if (std::exchange(is_told_, false))
            co_await sink_.tool_result(answered_.back().use.id, answered_.back().result);
    }
    co_await close_calls();
}

}  // namespace

TurnEnd end_of(const std::exception_ptr& failure) {
    if (async::is_cancellation(failure)) return {Status::cancelled, {}, {}};
    try {
        std::rethrow_exception(failure);
    } catch (const core::Error& error) {
        return failed(error.reason(), error.message());
    } catch (...) {
        core::log_error("a turn failed: {}", core::message_of(failure));
        return failed("internal", "The turn failed inside of Carrel; the server's log says more");
    }
}

Task<TurnEnd> run_turn(Model& model, DeskCalls& desk, Transcript& transcript, Sink& sink, async::Pool& pool,
                       Assignment assignment) {
    Loop loop{model, desk, transcript, sink, pool, std::move(assignment)};
    std::exception_ptr failure;
    try {
        co_return co_await loop.play();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    try {
        co_await loop.settle();
    } catch (...) {
        // The next turn heals what could not be written now.
        core::log_error("a cut turn is not settled: {}", core::message_of(std::current_exception()));
    }
    co_return end_of(failure);
}

Task<bool> heal(Transcript& transcript) {
    std::vector<Answered> answered;
    for (auto& use : unanswered_calls(transcript.messages()))
        answered.push_back({std::move(use), interrupted_result()});
    if (answered.empty()) co_return false;
    co_await transcript.append(results_message(answered));
    co_return true;
}

}  // namespace carrel::agent
