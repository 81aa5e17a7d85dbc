#include "api/desk_headers.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "core/text.hpp"
#include "net/status.hpp"

namespace carrel::api {

namespace {

constexpr std::array<std::string_view, 6> inward{"Accept",        "Content-Type", "Range",
                                                 "If-None-Match", "If-Range",     "Last-Event-ID"};
/// Of bytes: what a download is made of. A picture has a tag alone, all else nothing.
constexpr std::array<std::string_view, 6> outward_of_bytes{
    "ETag", "Content-Disposition", "Content-Range", "Accept-Ranges", "Last-Modified", "Carrel-Left-Out"};
constexpr std::array<std::string_view, 1> outward_of_pictures{"ETag"};
constexpr std::array<std::string_view, 7> types{
    "application/json",  "application/problem+json", "image/png", "image/jpeg", "image/webp",
    "text/event-stream", "application/octet-stream"};
/// Longer values are no file name or tag of an honest desk.
constexpr std::size_t most_value = 2048;

std::span<const std::string_view> outward(ops::Body body) {
    if (body == ops::Body::bytes) return outward_of_bytes;
    if (body == ops::Body::picture) return outward_of_pictures;
    return {};
}

/// The statuses of success.
bool is_success(int status, ops::Body body) {
    using ops::Body;
    const bool can_be_known = body == Body::bytes || body == Body::picture;
    if (status == 304) return can_be_known;
    if (status == 206) return body == Body::bytes;
    return status == 200 && body != Body::upgrade;
}

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
    for (const auto name : outward(body))
        if (const auto value = from.find(name); value && value->size() <= most_value)
            result.add(std::string{name}, std::string{*value});
    if (body == ops::Body::bytes &&
        !result.find("Content-Disposition").value_or("").starts_with("attachment"))
        result.set("Content-Disposition", "attachment");
    result.add("Content-Security-Policy", "sandbox; default-src 'none'");
    result.add("Cache-Control", "no-store");
    return result;
}

bool is_desk_status(int status, const ops::Operation& row) {
    if (status < 400) return is_success(status, row.response);
    // Errors as net/status has them; but who may call is the server's to say, and never the desk's.
    return net::find_code(status, {}).has_value() && status != 401;
}

}  // namespace carrel::api
