#include "net/websocket_handshake.hpp"

#include <array>

#include "core/text.hpp"
#include "net/problem.hpp"
#include "net/websocket_frames.hpp"

namespace carrel::net {

namespace {

constexpr std::string_view key_line = "Sec-WebSocket-Key";
constexpr std::string_view protocol_line = "Sec-WebSocket-Protocol";
constexpr std::array passed_lines{key_line, std::string_view{"Sec-WebSocket-Version"}, protocol_line};

core::Error no_handshake(std::string_view why) {
    return {core::Code::invalid, "this address is for WebSockets: " + std::string{why}, "upgrade_required"};
}

}  // namespace

std::optional<Response> refuse_handshake(const Request& request) {
    const auto key = request.headers.find(key_line);
    if (request.method != "GET") throw no_handshake("the method must be GET");
    if (!request.headers.has_token("Upgrade", "websocket") ||
        !request.headers.has_token("Connection", "Upgrade"))
        throw no_handshake("the headers \"Connection: Upgrade\" and \"Upgrade: websocket\" are missing");
    if (!key || core::parse_base64(*key).value_or("").size() != 16)
        throw no_handshake("Sec-WebSocket-Key must be 16 bytes in base64");
    if (request.headers.find("Sec-WebSocket-Version") == "13") return std::nullopt;
    auto response = problem_response(
        {core::Code::invalid, "Sec-WebSocket-Version must be 13", "upgrade_required"}, request.id);
    response.headers.add("Sec-WebSocket-Version", "13");
    return response;
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
