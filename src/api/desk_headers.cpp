#include "api/desk_headers.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::api {

namespace {

constexpr std::array<std::string_view, 6> inward{"Accept",        "Content-Type", "Range",
                                                 "If-None-Match", "If-Range",     "Last-Event-ID"};
constexpr std::array<std::string_view, 5> outward{"ETag", "Content-Disposition", "Content-Range",
                                                  "Accept-Ranges", "Last-Modified"};
constexpr std::array<std::string_view, 7> types{
    "application/json",  "application/problem+json", "image/png", "image/jpeg", "image/webp",
    "text/event-stream", "application/octet-stream"};
/// Longer values are no file name or tag of an honest desk.
constexpr std::size_t most_value = 2048;

std::string_view safe_type(const net::Headers& from) {
    const auto media = from.media_type();
    const auto row =
        std::ranges::find_if(types, [&](auto type) { return core::equals_ignoring_case(type, media); });
    return row == types.end() ? "application/octet-stream" : *row;
}

}  // namespace

net::Headers inward_headers(const net::Headers& from) {
    net::Headers result;
    for (const auto name : inward)
        if (const auto value = from.find(name)) result.add(std::string{name}, std::string{*value});
    return result;
}

net::Headers outward_headers(const net::Headers& from, ops::Body body) {
    net::Headers result;
    result.add("Content-Type", std::string{safe_type(from)});
    for (const auto name : outward)
        if (const auto value = from.find(name); value && value->size() <= most_value)
            result.add(std::string{name}, std::string{*value});
    if (body == ops::Body::bytes &&
        !result.find("Content-Disposition").value_or("").starts_with("attachment"))
        result.set("Content-Disposition", "attachment");
    result.add("Content-Security-Policy", "sandbox; default-src 'none'");
    result.add("Cache-Control", "no-store");
    return result;
}

bool is_desk_status(int status) { return status >= 200 && status <= 599; }

}  // namespace carrel::api
