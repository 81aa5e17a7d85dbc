#include "net/websocket_handshake.hpp"

#include <array>

#include "core/text.hpp"
#include "net/websocket_frames.hpp"

namespace carrel::net {

namespace {

constexpr std::string_view key_line = "Sec-WebSocket-Key";
constexpr std::string_view version_line = "Sec-WebSocket-Version";
constexpr std::string_view protocol_line = "Sec-WebSocket-Protocol";
constexpr std::array passed_lines{key_line, version_line, protocol_line};

core::Error no_handshake(std::string_view why) {
    return {core::Code::invalid, "this address is for WebSockets: " + std::string{why}, "upgrade_required"};
}

}  // namespace

void require_handshake(const Request& request) {
    const auto& headers = request.headers;
    if (request.method != "GET") throw no_handshake("the method must be GET");
    if (!headers.has_token("Upgrade", "websocket") || !headers.has_token("Connection", "Upgrade"))
        throw no_handshake("the headers \"Connection: Upgrade\" and \"Upgrade: websocket\" are missing");
    if (headers.count(version_line) > 1)
        throw core::Error{core::Code::invalid, "Sec-WebSocket-Version stands twice"};
    // Another version may have other keys: so it is asked for first.
    if (headers.find(version_line) != "13") throw no_handshake("Sec-WebSocket-Version must be 13");
    const auto key = headers.find(key_line).value_or("");
    if (headers.count(key_line) != 1 || core::parse_base64(key).value_or("").size() != 16)
        throw core::Error{core::Code::invalid, "Sec-WebSocket-Key must be one line, of 16 bytes in base64"};
}

void add_handshake_hints(Headers& headers) {
    headers.set("Upgrade", "websocket");
    headers.set(version_line, "13");
}

Headers handshake_headers(const Headers& from) {
    Headers result{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
    for (const auto& [name, value] : from)
        for (const auto passed : passed_lines)
            if (core::equals_ignoring_case(name, passed)) result.add(std::string{passed}, value);
    return result;
}

Headers acceptance_headers(const Request& request, std::string_view subprotocol) {
    Headers headers{{"Upgrade", "websocket"},
                    {"Sec-WebSocket-Accept", make_accept_key(request.headers.find(key_line).value_or(""))}};
    if (!subprotocol.empty()) headers.add(std::string{protocol_line}, std::string{subprotocol});
    return headers;
}

core::Expected<std::string> judge_acceptance(const Headers& offered, const Headers& answer) {
    if (!answer.has_token("Upgrade", "websocket")) return core::refuse("it is no change to WebSocket");
    if (answer.find("Sec-WebSocket-Accept") != make_accept_key(offered.find(key_line).value_or("")))
        return core::refuse("Sec-WebSocket-Accept does not belong to the key");
    if (answer.has("Sec-WebSocket-Extensions")) return core::refuse("nobody offered an extension");
    const auto agreed = answer.find(protocol_line).value_or("");
    if (agreed.empty()) return std::string{};
    // Subprotocols are tokens, whose case counts.
    for (const auto& [name, value] : offered) {
        if (!core::equals_ignoring_case(name, protocol_line)) continue;
        for (const auto offer : core::split(value, ','))
            if (core::trim(offer) == agreed) return std::string{agreed};
    }
    return core::refuse("nobody offered that subprotocol");
}

}  // namespace carrel::net
