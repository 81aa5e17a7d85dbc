#include "desk/batch.hpp"

#include <fmt/format.h>

#include "ops/desk/batch.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk {

using async::Task;

namespace {

/// Of all answers together: pictures are large, and everything is in memory at once.
constexpr std::size_t most_answer_bytes = std::size_t{64} << 20;
/// As much as the largest input of any single operation, with room for its neighbours.
constexpr std::size_t most_request_bytes = std::size_t{24} << 20;
constexpr int first_failure = 400;

struct Step {
    const ops::BatchAction* action;
    const ops::Operation* row;
};

/// All rows before anything is done: a misspelt last action must not leave the others done.
std::vector<Step> plan(const ops::Batch& batch) {
    if (batch.actions.size() > ops::Batch::most_actions)
        throw rest::unprocessable({"actions"}, fmt::format("a batch has at most {} actions; these are {}",
                                                           ops::Batch::most_actions, batch.actions.size()));
    std::vector<Step> steps;
    json::Problems problems;
    for (const auto& action : batch.actions) {
        const auto* row = ops::find_batch_operation(action);
        if (!row)
            problems.push_back({{"actions", std::to_string(steps.size()), "operation"},
                                ops::explain_unbatchable(action.operation),
                                "out_of_range"});
        steps.push_back({&action, row});
    }
    if (!problems.empty()) throw rest::Unprocessable{std::move(problems), "body"};
    return steps;
}

net::Request request_of(const Step& step) {
    net::Request request;
    request.method = step.row->method;
    request.target = request.path = step.row->path;
    const bool is_query = step.row->request == ops::Body::none;
    if (is_query && step.action->input) request.query = json::object_to_query(*step.action->input);
    std::string body;
    if (!is_query && step.action->input) body = json::to_text(*step.action->input);
    request.body_length = body.size();
    request.body = net::make_source(std::move(body));
    return request;
}

struct Outcome {
    json::Object entry;
    bool is_success = false;
    std::size_t bytes = 0;
};

Task<Outcome> perform(const rest::Bindings& bindings, const Step& step) {
    auto request = request_of(step);
    const auto response = co_await bindings.call(*step.row, request);
    auto answer = json::parse(response.text());
    Outcome outcome{{{"operation", step.action->operation}, {"status", response.status}}};
    outcome.bytes = response.text().size();
    const auto* success = answer ? json::find(*answer, "success") : nullptr;
    const bool is_refused = success && success->is_bool() && !success->as_bool();
    outcome.is_success = response.status < first_failure && !is_refused;
    outcome.entry["answer"] = answer ? std::move(*answer) : json::Value{nullptr};
    co_return outcome;
}

/// With the action's own reason, where it gives one.
std::string describe(std::size_t index, const json::Value& entry) {
    const auto* answer = json::find(entry, "answer");
    const auto reason = answer ? json::text_or(*answer, "error") : std::string_view{};
    return fmt::format("action {} ({}) failed{}{}", index, json::text_or(entry, "operation"),
                       reason.empty() ? "" : ": ", reason);
}

/// Tells that it was done, without what it answered.
void refuse_answer(Outcome& outcome) {
    const auto what = fmt::format("carried out, but the answers of this batch are together more than {} MiB",
                                  most_answer_bytes >> 20);
    outcome.entry["answer"] = json::Object{{"success", false}, {"error", what}};
    outcome.is_success = false;
}

Task<net::Response> carry_out(const rest::Bindings& bindings, net::Request& request) {
    const auto batch = co_await rest::decode_body(request, ops::batch_shape(), most_request_bytes);
    json::Array results;
    std::optional<std::size_t> failed_at;
    std::size_t bytes = 0;
    for (const auto& step : plan(batch)) {
        if (failed_at) {
            results.push_back(json::Object{{"operation", step.action->operation}, {"skipped", true}});
            continue;
        }
        auto outcome = co_await perform(bindings, step);
        bytes += outcome.bytes;
        if (bytes > most_answer_bytes) refuse_answer(outcome);
        if (!outcome.is_success) failed_at = results.size();
        results.push_back(std::move(outcome.entry));
    }
    json::Object answer{{"success", !failed_at}};
    if (failed_at) {
        answer["error"] = describe(*failed_at, results[*failed_at]);
        answer["failed_at"] = *failed_at;
    }
    answer["results"] = std::move(results);
    co_return rest::json_answer(answer);
}

}  // namespace

std::vector<rest::Binding> bind_batch(const rest::Bindings& bindings) {
    return {{"batch", "POST", [&bindings](net::Request& request) { return carry_out(bindings, request); }}};
}

}  // namespace carrel::desk
