// A URL's query as JSON, and back: fields that stand in no body. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "json/fields.hpp"

namespace carrel::json {

/// Names and values, decoded, in the order in which they came.
using Query = std::vector<std::pair<std::string, std::string>>;

/// As an object: a value becomes what `schema` wants there, a number, a boolean or else a string. What is
/// none stays a string, so that a shape says what was wanted. A name that stands twice is a problem: one
/// of the two would be ignored.
Decoded<Object> query_to_object(const Query& query, const Object& schema);

/// By the shape that a JSON body of the same fields would have.
template <class T>
Decoded<T> decode_query(const Query& query, const Shape<T>& shape) {
    auto object = query_to_object(query, shape.schema());
    if (!object) return std::unexpected{std::move(object.error())};
    return shape.decode(*object);
}

/// Back: numbers, booleans and texts; lists and objects as JSON text.
Query object_to_query(const Object& object);
/// The same as it stands behind a path, "?format=webp&scale=0.5"; empty when there are no members.
std::string query_text(const Object& object);

}  // namespace carrel::json
