#include "agent/loop.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/cancellation_state.hpp>

#include "agent/history.hpp"
#include "agent/prompt.hpp"
#include "agent/retelling.hpp"
#include "agent/rules.hpp"
#include "agent/tools.hpp"
#include "core/log.hpp"

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
constexpr std::string_view lost_note =
    "A tool call of the answer before had no usable name and was not executed. Make it again.";

/// The stop reason of a model that will not go on with what it was asked.
constexpr std::string_view declined = "refusal";

/// Whether the same request would be refused again.
bool is_about_request(const core::Error& error) {
    return error.reason() == refused_request || error.reason() == too_large_request;
}

/// Gentler tellings of a history that the vendor refuses, the one that loses least first.
struct Telling {
    std::optional<Retold> (*tell)(std::span<const std::string>);
    std::string_view what;
};
constexpr std::array tellings{
    Telling{
        [](std::span<const std::string> messages) { return clear_pictures(messages, 2, std::size_t(-1)); },
        "without older pictures"},
    Telling{tell_newest_in_words, "with its newest part in plain words"},
    Telling{tell_all_in_words, "with all of it in plain words"},
    Telling{leave_newest_out, "without the last answer"},
};

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
          bench_{desk, model.picture_size(assignment_.screen)},
          proven_{transcript.messages().size() - 1} {}

    Task<TurnEnd> play();
    /// Answers what is unanswered when the turn was cut; cancellation must be off.
    Task<> settle();

private:
    /// Nothing while the turn goes on.
    using Verdict = std::optional<TurnEnd>;

    Task<> look_at_history();
    Task<> make_room();
    Task<Answer> ask();
    Task<std::optional<core::Error>> try_to_ask(std::span<const std::string> messages, Answer& answer);
    Task<bool> ask_otherwise(const Telling& telling, const core::Error& refusal, Answer& answer);
    Task<> withdraw();
    Task<Verdict> step();
    Task<> keep(const Answer& answer);
    Task<> append(std::string raw_message);
    Task<> rewrite(std::size_t keep, std::vector<std::string> rest);
    Verdict judge(const Answer& answer) const;
    Task<> run_calls();
    Task<ToolResult> run_call(const Call& call);
    Task<> close_calls();

    Model& model_;
    Transcript& transcript_;
    Sink& sink_;
    async::Pool& pool_;
    Assignment assignment_;
    Bench bench_;
    Survey known_;  ///< of the transcript
    /// Messages that the vendor has answered; before the first answer, those before the person's message.
    std::size_t proven_;
    bool has_answer_ = false;

    // The answer that is being worked on. No calls: all is answered in the transcript.
    std::vector<Call> calls_;
    std::vector<Answered> answered_;
    std::size_t told_calls_ = 0;    ///< that the sink knows of
    std::size_t told_results_ = 0;  ///< that the sink has
    bool has_failed_ = false;
    std::string_view note_;  ///< what the model must be told before it goes on
};

Task<TurnEnd> Loop::play() {
    co_await look_at_history();
    for (int count = 0; count < assignment_.limits.answers; ++count)
        if (auto end = co_await step()) co_return std::move(*end);
    co_return failed("too_many_steps",
                     fmt::format("The turn was ended after {} answers of the model; send a message to go on",
                                 assignment_.limits.answers));
}

// --- the history ------------------------------------------------------------------------------------

Task<> Loop::look_at_history() {
    const std::span<const std::string> history{transcript_.messages()};
    known_ = co_await async::run_on(pool_, [history] { return survey(history); });
}

Task<> Loop::append(std::string raw_message) {
    known_.bytes += raw_message.size();
    co_await transcript_.append(std::move(raw_message));
}

Task<> Loop::rewrite(std::size_t keep, std::vector<std::string> rest) {
    co_await transcript_.rewrite(keep, std::move(rest));
    co_await look_at_history();
}

/// Clears half of what is allowed at once, so that the vendor's cache serves many requests in between.
Task<> Loop::make_room() {
    const auto pictures = model_.most_pictures();
    const auto bytes = model_.most_history_bytes();
    if (known_.pictures <= pictures && known_.bytes <= bytes) co_return;
    const std::span<const std::string> history{transcript_.messages()};
    auto cleared =
        co_await async::run_on(pool_, [=] { return clear_pictures(history, pictures / 2, bytes / 2); });
    if (!cleared) co_return;  // words alone: the vendor will say so, and then they are told shorter
    co_await rewrite(cleared->keep, std::move(cleared->rest));
    sink_.status("The conversation holds more pictures than the model takes; the older ones are left out",
                 std::nullopt);
}

// --- asking -----------------------------------------------------------------------------------------

/// The refusal, when it lies in what was asked.
Task<std::optional<core::Error>> Loop::try_to_ask(std::span<const std::string> messages, Answer& answer) {
    try {
        const bool has_display = assignment_.has_display;
        answer = co_await model_.answer(
            {system_prompt(assignment_.system_suffix, has_display), messages, has_display}, sink_);
        co_return std::nullopt;
    } catch (const core::Error& error) {
        if (!is_about_request(error)) throw;
        co_return error;
    }
}

/// What the vendor refuses is told otherwise, and kept so once the vendor takes it. When it takes nothing,
/// the person's message goes: with it, the session might be refused for ever. A step of the model stays: it
/// was refused without that step, too, so the fault lies elsewhere, and the next turn can still leave it out.
Task<Answer> Loop::ask() {
    Answer answer;
    const auto refusal = co_await try_to_ask(transcript_.messages(), answer);
    if (refusal) {
        bool is_taken = false;
        for (const auto& telling : tellings)
            if (!is_taken) is_taken = co_await ask_otherwise(telling, *refusal, answer);
        if (!is_taken) {
            if (!has_answer_) co_await withdraw();
            throw core::Error{*refusal};
        }
    }
    co_return answer;
}

Task<bool> Loop::ask_otherwise(const Telling& telling, const core::Error& refusal, Answer& answer) {
    const std::span<const std::string> history{transcript_.messages()};
    auto retold = co_await async::run_on(pool_, [=] { return telling.tell(history); });
    if (!retold) co_return false;
    sink_.status(fmt::format("{}. Asking again, {}", refusal.message(), telling.what), std::nullopt);
    std::vector<std::string> messages{history.begin(),
                                      history.begin() + static_cast<std::ptrdiff_t>(retold->keep)};
    messages.insert(messages.end(), retold->rest.begin(), retold->rest.end());
    if (co_await try_to_ask(messages, answer)) co_return false;
    // What is declined is taken back: out of the history as it was, where it is known what was proven.
    if (answer.stop_reason != declined) co_await rewrite(retold->keep, std::move(retold->rest));
    co_return true;
}

/// Takes back what the vendor has not answered: the person's message, or the model's last step.
Task<> Loop::withdraw() {
    const std::span<const std::string> history{transcript_.messages()};
    if (history.size() <= proven_) co_return;
    std::vector<std::string> rest;
    if (has_answer_) rest.push_back(left_out_message(history.subspan(proven_)));
    co_await rewrite(proven_, std::move(rest));
    sink_.status(has_answer_ ? "The model's last step is taken out of what the model reads"
                             : "The message is taken out of what the model reads",
                 std::nullopt);
}

Task<Loop::Verdict> Loop::step() {
    co_await make_room();
    const auto answer = co_await ask();
    co_await sink_.usage(answer.usage);
    if (answer.stop_reason == declined) {
        // It is no part of the conversation, and as long as what was refused is, so is every later message.
        co_await withdraw();
        co_return judge(answer);
    }
    proven_ = transcript_.messages().size();
    has_answer_ = true;
    co_await keep(answer);
    const bool goes_on = !calls_.empty() || !note_.empty();
    if (!calls_.empty()) co_await run_calls();
    if (!note_.empty()) co_await append(user_message(std::exchange(note_, {}), false));
    if (goes_on) co_return std::nullopt;
    co_return judge(answer);
}

/// Stores what of the answer can be kept, before anything of it is carried out.
Task<> Loop::keep(const Answer& answer) {
    auto lawful = co_await async::run_on(pool_, [&] { return make_lawful(answer.blocks, known_.call_ids); });
    if (answer.lost_tool_use)
        note_ = cut_note;
    else if (lawful.has_lost_calls)
        note_ = lost_note;
    else if (answer.stop_reason == "pause_turn" && lawful.is_altered && !lawful.blocks.empty() &&
             lawful.calls.empty())
        note_ = go_on_note;  // only unaltered may it come back without a message behind it
    if (lawful.blocks.empty()) co_return;
    calls_ = std::move(lawful.calls);
    for (const auto& call : calls_) known_.call_ids.insert(call.use.id);
    co_await append(assistant_message(lawful.blocks));
}

/// What an answer without tool calls means.
Loop::Verdict Loop::judge(const Answer& answer) const {
    const auto& reason = answer.stop_reason;
    if (reason == "pause_turn") return std::nullopt;
    if (reason == declined) return failed("refusal", "The model declined to go on with this conversation");
    if (reason == "max_tokens")
        return failed("max_tokens", "The model's answer was cut at the limit of its length; ask it to go on");
    if (reason == "model_context_window_exceeded")
        return failed("context_window_exceeded",
                      "The conversation has grown longer than the model can read; with the next message it "
                      "goes on, told in fewer words");
    return TurnEnd{};
}

// --- the calls of an answer -------------------------------------------------------------------------

Task<> Loop::run_calls() {
    has_failed_ = false;
    for (const auto& call : calls_) {
        // Told from the moment of the call on, also when the turn is cancelled while that is stored.
        auto told = sink_.tool_use(call.use.name, call.use.input, call.use.id);
        ++told_calls_;
        co_await std::move(told);
        auto result = co_await run_call(call);
        if (result.picture) ++known_.pictures;
        answered_.push_back({call.use, std::move(result)});
        auto stored = sink_.tool_result(call.use.id, answered_.back().result);
        ++told_results_;
        co_await std::move(stored);
    }
    co_await close_calls();
}

Task<ToolResult> Loop::run_call(const Call& call) {
    const bool is_in_batch = is_computer_call(call.use);
    if (is_in_batch && has_failed_) co_return ToolResult{std::string{not_executed}, {}, true};
    ToolResult result;
    if (call.problem.empty())
        result = co_await run_tool(bench_, call.use);
    else
        result = {fmt::format("Not executed: {}. Make the call again.", call.problem), {}, true};
    if (is_in_batch) has_failed_ = result.is_error;
    co_return result;
}

Task<> Loop::close_calls() {
    const std::span<const Answered> answered{answered_};
    auto message = co_await async::run_on(pool_, [answered] { return results_message(answered); });
    co_await append(std::move(message));
    calls_.clear();
    answered_.clear();
    told_calls_ = told_results_ = 0;
}

Task<> Loop::settle() {
    while (answered_.size() < calls_.size())
        answered_.push_back({calls_[answered_.size()].use, interrupted_result()});
    while (told_results_ < told_calls_) {
        const auto& [use, result] = answered_[told_results_++];
        co_await sink_.tool_result(use.id, result);
    }
    const auto& messages = transcript_.messages();
    if (calls_.empty() || messages.empty() || unanswered_calls(messages.back()).empty()) co_return;
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

}  // namespace carrel::agent
