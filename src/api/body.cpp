#include "api/body.hpp"

#include <fmt/format.h>

#include "core/text.hpp"

namespace carrel::api {

namespace {

[[noreturn]] void refuse(std::string_view name, std::string message, std::string type) {
    throw Unprocessable{{{{std::string{name}}, std::move(message), std::move(type)}}, "query"};
}

}  // namespace

std::uint64_t query_number(const net::Request& request, std::string_view name, std::uint64_t otherwise,
                           std::uint64_t least, std::uint64_t most) {
    const auto text = request.find_query(name);
    if (!text) return otherwise;
    const auto number = core::parse_unsigned(*text);
    if (!number) refuse(name, "must be a whole number", "wrong_type");
    if (*number < least || *number > most)
        refuse(name, fmt::format("must be between {} and {}", least, most), "out_of_range");
    return *number;
}

bool query_flag(const net::Request& request, std::string_view name, bool otherwise) {
    const auto text = request.find_query(name);
    if (!text) return otherwise;
    if (*text == "true" || *text == "1") return true;
    if (*text == "false" || *text == "0") return false;
    refuse(name, "must be true or false", "wrong_type");
}

}  // namespace carrel::api
