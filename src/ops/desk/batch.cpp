#include "ops/desk/batch.hpp"

#include <fmt/format.h>

#include <array>

#include "core/text.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::array batch_answer{
    Member{
        "results", "array",
        "for each action {operation, status, answer}: HTTP's status and what the operation itself answers; "
        "{operation, skipped: true} after one that failed"},
    Member{"failed_at", "integer", "the index of the action that failed", false},
};

constexpr std::array batch_table{
    Operation{
        .name = "batch",
        .method = "POST",
        .request = Body::json,
        .summary = "Carries out operations in order and stops at the first that fails.",
        .request_schema = schema<batch_shape>,
        .answer = batch_answer,
        .example =
            R"({"actions":[{"operation":"mouse/move","input":{"coordinate":{"x":20,"y":30},"observe":"none"}},{"operation":"screen/cursor_position"}]})",
        .can_be_batched = false,
    },
};

const Shape<BatchAction>& action_shape() {
    static const Shape<BatchAction> shape{
        field("operation", &BatchAction::operation, R"(its name, such as "mouse/click")",
              length_between(1, 100)),
        field("method", &BatchAction::method,
              "where the name stands for a GET and a POST; absent: POST with an input",
              one_of({"GET", "POST"})),
        field("input", &BatchAction::input, "what the operation takes")};
    return shape;
}

}  // namespace

std::span<const Operation> batch_rows() { return batch_table; }

const Shape<Batch>& batch_shape() {
    static const Shape<Batch> shape{json::list_field(
        "actions", &Batch::actions,
        "what is done, one after another, each {operation, method?, input?}; at most 100", action_shape())};
    return shape;
}

const Operation* find_batch_operation(const BatchAction& action) {
    if (!action.method)
        return find_desk_operation_named(action.operation, action.input.has_value(), is_batchable);
    const auto* row = find_desk_operation(*action.method, "/" + action.operation);
    return row && is_batchable(*row) ? row : nullptr;
}

std::string explain_unbatchable(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& row : desk_operations()) {
        if (row.name == name)
            return fmt::format(
                "a batch can hold no \"{}\": JSON goes into its operations and comes out of them", name);
        if (is_batchable(row)) names.emplace_back(row.name);
    }
    const auto near = core::nearest(name, names);
    return fmt::format("there is no operation \"{}\"{}", name,
                       near ? fmt::format("; did you mean \"{}\"?", *near) : "");
}

}  // namespace carrel::ops
