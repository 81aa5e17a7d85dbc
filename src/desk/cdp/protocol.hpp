// The Chrome DevTools Protocol as text: calls that go out, answers and events that come in. Pure.
// https://chromedevtools.github.io/devtools-protocol/ ; sessions are "flat": a member of each message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "json/parse.hpp"

namespace carrel::desk::cdp {

/// Why the browser did not do what a call asked for: JSON-RPC's code, and its sentence.
struct CdpRefusal {
    std::int64_t code = 0;
    std::string message;
};

struct CdpAnswer {
    std::uint64_t id = 0;  ///< of the call
    json::Value result;
    std::optional<CdpRefusal> refusal;
};

struct CdpEvent {
    std::string session;  ///< empty: of the browser itself
    std::string method;   ///< "Page.loadEventFired"
    json::Value params;
};

using CdpMessage = std::variant<CdpAnswer, CdpEvent>;

/// What a message says. Refuses what is no JSON object, or neither answer nor event. A half of a
/// surrogate pair, which pages can put into any text and JSON parsers refuse, becomes U+FFFD.
core::Expected<CdpMessage> parse_cdp_message(std::string_view text);

/// For Target.setAutoAttach: sessions of the frames in a page that other processes draw.
json::Object attach_to_frames();

/// The id of the answer that begins so: of a message that was too large to be kept.
std::optional<std::uint64_t> find_answer_id(std::string_view beginning);

std::string make_cdp_call(std::uint64_t id, std::string_view session, std::string_view method,
                          const json::Object& params);

}  // namespace carrel::desk::cdp
