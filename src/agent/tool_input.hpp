// Reading what a model sends to a tool: strict, with sentences that it can act on.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "json/fields.hpp"

namespace carrel::agent {

/// The problems of an input as one sentence per problem.
std::string describe(const json::Problems& problems, std::string_view tool);

/// Without members that are null: models send null for what they leave out.
json::Object without_nulls(const json::Object& input);

/// The decoded input; throws Error{invalid} with describe().
template <class T>
T decode_input(const json::Shape<T>& shape, std::string_view tool, const json::Object& input) {
    auto decoded = shape.decode(without_nulls(input));
    if (!decoded) throw core::Error{core::Code::invalid, describe(decoded.error(), tool)};
    return std::move(*decoded);
}

}  // namespace carrel::agent
