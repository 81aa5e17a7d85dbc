// Several operations in one request.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> batch_rows();

/// One step of a batch.
struct BatchAction {
    std::string operation;              ///< the name of a desk's row, "mouse/click"
    std::optional<std::string> method;  ///< where a name has a GET and a POST row
    std::optional<json::Object> input;  ///< the body; of a GET row the query
};

struct Batch {
    static constexpr std::size_t most_actions = 100;
    std::vector<BatchAction> actions;
};
const json::Shape<Batch>& batch_shape();

/// The row that an action means: the one of its method; else with an input the POST row, without one the
/// GET row, whichever there is. Null when a batch can hold no such operation.
const Operation* find_batch_operation(const BatchAction& action);
/// Why a batch can hold no operation of that name.
std::string explain_unbatchable(std::string_view name);

}  // namespace carrel::ops
