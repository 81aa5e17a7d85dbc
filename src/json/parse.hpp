// JSON text to values, with bounds; and back.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

/// Strict RFC 8259: no comments, no trailing commas, no rest after the value, well-formed UTF-8, at
/// most `depth` levels and, because a name that stands twice means different things to different
/// readers, no duplicate names. The error says at which byte.
core::Expected<Value> parse(std::string_view text, std::size_t depth = 64);

/// One line, no spaces.
std::string to_text(const Value& value);
/// A text as a JSON string, with its quotation marks.
std::string quote(std::string_view text);

/// Null unless `value` is an object that has it.
const Value* find(const Value& value, std::string_view name);
/// The member when it is a string; else nothing. The text lives as long as what holds it.
std::string_view text_or(const Value& value, std::string_view name, std::string_view otherwise = {});
/// The member when it is a number; else `otherwise`.
double number_or(const Value& value, std::string_view name, double otherwise = 0);
/// Whether the member is `true`.
bool flag_of(const Value& value, std::string_view name);
/// The same of an object itself: without these it would be copied into a Value that dies at once.
const Value* find(const Object& object, std::string_view name);
std::string_view text_or(const Object& object, std::string_view name, std::string_view otherwise = {});

}  // namespace carrel::json
