#include "json/parse.hpp"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <unordered_set>
#include <vector>

namespace carrel::json {

namespace {

/// Only looks for what Boost's own parser lets pass: a name twice in an object (it would keep the last),
/// and a number too large for a double (it would become infinity).
struct FaultFinder {
    constexpr static std::size_t max_object_size = std::size_t(-1);
    constexpr static std::size_t max_array_size = std::size_t(-1);
    constexpr static std::size_t max_key_size = std::size_t(-1);
    constexpr static std::size_t max_string_size = std::size_t(-1);

    using Failure = boost::json::error_code;
    using Text = boost::json::string_view;

    std::vector<std::unordered_set<std::string>> open;
    std::string key;
    std::string twice;
    bool is_too_large = false;

    bool on_document_begin(Failure&) { return true; }
    bool on_document_end(Failure&) { return true; }
    bool on_object_begin(Failure&) { return open.emplace_back(), true; }
    bool on_object_end(std::size_t, Failure&) { return open.pop_back(), true; }
    bool on_array_begin(Failure&) { return true; }
    bool on_array_end(std::size_t, Failure&) { return true; }
    bool on_key_part(Text part, std::size_t, Failure&) { return key.append(part), true; }
    bool on_key(Text part, std::size_t, Failure& failure) {
        key.append(part);
        if (!open.back().insert(key).second) {
            twice = key;
            failure = boost::json::make_error_code(boost::json::error::exception);
            return false;
        }
        key.clear();
        return true;
    }
    bool on_string_part(Text, std::size_t, Failure&) { return true; }
    bool on_string(Text, std::size_t, Failure&) { return true; }
    bool on_number_part(Text, Failure&) { return true; }
    bool on_int64(std::int64_t, Text, Failure&) { return true; }
    bool on_uint64(std::uint64_t, Text, Failure&) { return true; }
    bool on_double(double number, Text, Failure&) {
        is_too_large = is_too_large || !std::isfinite(number);
        return true;
    }
    bool on_bool(bool, Failure&) { return true; }
    bool on_null(Failure&) { return true; }
    bool on_comment_part(Text, Failure&) { return true; }
    bool on_comment(Text, Failure&) { return true; }
};

boost::json::parse_options options(std::size_t depth) {
    boost::json::parse_options result;
    result.max_depth = depth;
    return result;
}

}  // namespace

core::Expected<Value> parse(std::string_view text, std::size_t depth) {
    boost::json::parser parser{{}, options(depth)};
    boost::json::error_code failure;
    const auto taken = parser.write_some(text.data(), text.size(), failure);
    if (failure) return core::refuse(fmt::format("not JSON: {} at byte {}", failure.message(), taken));
    if (taken != text.size() && text.find_first_not_of(" \t\r\n", taken) != text.npos)
        return core::refuse(fmt::format("not JSON: more text after the value at byte {}", taken));
    boost::json::basic_parser<FaultFinder> finder{options(depth)};
    finder.write_some(false, text.data(), text.size(), failure);
    if (!finder.handler().twice.empty())
        return core::refuse(
            fmt::format("the name \"{}\" stands twice in one object", finder.handler().twice));
    if (finder.handler().is_too_large) return core::refuse("a number is too large");
    return parser.release();
}

std::string to_text(const Value& value) { return boost::json::serialize(value); }

std::string quote(std::string_view text) { return boost::json::serialize(text); }

const Value* find(const Value& value, std::string_view name) {
    const auto* object = value.if_object();
    return object ? object->if_contains(name) : nullptr;
}

const Value* find(const Object& object, std::string_view name) { return object.if_contains(name); }

namespace {

std::string_view text_in(const Value* member, std::string_view otherwise) {
    const auto* text = member ? member->if_string() : nullptr;
    return text ? std::string_view{text->data(), text->size()} : otherwise;
}

}  // namespace

std::string_view text_or(const Value& value, std::string_view name, std::string_view otherwise) {
    return text_in(find(value, name), otherwise);
}

double number_or(const Value& value, std::string_view name, double otherwise) {
    const auto* member = find(value, name);
    return member && member->is_number() ? member->to_number<double>() : otherwise;
}

bool flag_of(const Value& value, std::string_view name) {
    const auto* member = find(value, name);
    return member && member->is_bool() && member->get_bool();
}

std::string_view text_or(const Object& object, std::string_view name, std::string_view otherwise) {
    return text_in(find(object, name), otherwise);
}

}  // namespace carrel::json
