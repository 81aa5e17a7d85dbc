#include "session/desk_calls.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "fleet/desk_client.hpp"
#include "json/query.hpp"
#include "ops/operation.hpp"
#include "session/picture_size.hpp"

namespace carrel::session {

namespace {

using core::Code;
using core::Error;

constexpr std::size_t most_picture_bytes = std::size_t{32} << 20;
constexpr std::size_t most_answer_bytes = std::size_t{8} << 20;

/// An input is all that a tool has for it.
bool is_callable(const ops::Operation& row) { return !row.path.contains('{'); }

/// Where a name has two rows it is the POST row, which takes any input.
fleet::DeskQuestion question_for(const std::string& operation, const json::Object& input) {
    const auto* row = ops::find_desk_operation_named(operation, true, is_callable);
    if (!row) throw Error{Code::internal, "a desk has no operation " + operation};
    fleet::DeskQuestion question{.method = std::string{row->method}, .target = std::string{row->path}};
    question.limit = time_limit(input);
    if (row->method == "POST")
        question.body = json::to_text(input);
    else
        question.target += json::query_text(input);
    return question;
}

Task<fleet::DeskAnswer> ask(std::shared_ptr<net::Handler> endpoint, fleet::DeskQuestion question) {
    auto answer = co_await fleet::ask_desk(*endpoint, std::move(question));
    if (answer.status < 200 || answer.status > 299) throw fleet::error_of(answer);
    co_return answer;
}

Error desk_has_ended() {
    return {Code::unavailable, "the desk has ended; a new one can be asked for", "desk_ended"};
}

/// An action on its way.
struct Action {
    explicit Action(const std::function<void(int)>& note_) : note{note_} {
        if (note) note(1);
    }
    ~Action() {
        if (note) note(-1);
    }
    Action(const Action&) = delete;
    Action& operator=(const Action&) = delete;
    const std::function<void(int)>& note;
};

double number_in(const json::Object& input, std::string_view name) {
    const auto* value = input.if_contains(name);
    if (!value) return 0;
    boost::system::error_code ignored;
    const auto number = value->to_number<double>(ignored);
    return ignored ? 0 : number;
}

}  // namespace

std::chrono::milliseconds time_limit(const json::Object& input) {
    const auto asked = std::max(number_in(input, "timeout"), number_in(input, "duration"));
    const auto seconds = 30 + std::clamp(asked, 0.0, 3'600.0);
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1'000)};
}

std::shared_ptr<net::Handler> FleetDeskCalls::endpoint() const {
    if (auto endpoint = fleet_.find_endpoint(session_id_)) return endpoint;
    throw desk_has_ended();
}

agent::Size FleetDeskCalls::screen() const {
    const auto* desk = fleet_.find_desk(session_id_);
    if (!desk) throw desk_has_ended();
    return {desk->shape.width, desk->shape.height};
}

Task<json::Value> FleetDeskCalls::call(std::string operation, json::Object input) {
    const Action action{note_};
    auto question = question_for(operation, input);
    question.most_bytes = most_answer_bytes;
    const auto answer = co_await ask(endpoint(), std::move(question));
    auto value = json::parse(answer.body, 32);
    if (!value)
        throw Error{Code::unavailable, "the desk's answer is " + value.error().message(), "bad_desk_answer"};
    co_return std::move(*value);
}

Task<agent::Picture> FleetDeskCalls::picture(std::string operation, json::Object input) {
    const Action action{note_};
    auto question = question_for(operation, input);
    question.most_bytes = most_picture_bytes;
    const auto format = input.if_contains("format");
    question.accept = format && *format == "jpeg" ? "image/jpeg" : "image/png";
    auto answer = co_await ask(endpoint(), std::move(question));
    const auto size = find_picture_size(answer.body, answer.media_type);
    if (!size) throw Error{Code::unavailable, "the desk's answer is not a picture", "bad_desk_answer"};
    co_return agent::Picture{std::move(answer.body), std::move(answer.media_type), *size};
}

}  // namespace carrel::session
