#include "desk/cdp/protocol.hpp"

#include <fmt/format.h>

#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "core/text.hpp"

namespace carrel::desk::cdp {

namespace {

/// Trees of documents nest: far deeper than what clients may send, and still little of a stack.
constexpr std::size_t most_depth = 1000;

std::optional<json::Value> parse_text(std::string_view text, std::string& why) {
    boost::json::parse_options options;
    options.max_depth = most_depth;
    boost::json::parser parser{{}, options};
    boost::json::error_code failure;
    parser.write(text.data(), text.size(), failure);
    if (!failure) return parser.release();
    why = failure.message();
    return std::nullopt;
}

/// The code unit of an escape "\uXXXX" that stands at `place`.
std::optional<unsigned> unit_at(std::string_view text, std::size_t place) {
    if (place + 6 > text.size() || text[place] != '\\' || text[place + 1] != 'u') return std::nullopt;
    unsigned unit = 0;
    const auto* end = text.data() + place + 6;
    const auto [rest, error] = std::from_chars(text.data() + place + 2, end, unit, 16);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return unit;
}

bool is_leading(unsigned unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_trailing(unsigned unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/// Halves of surrogate pairs become U+FFFD, and so does what is not UTF-8.
std::string mend(std::string_view text) {
    std::string mended;
    mended.reserve(text.size());
    for (std::size_t place = 0; place < text.size();) {
        if (text[place] != '\\') {
            mended += text[place++];
            continue;
        }
        const auto unit = unit_at(text, place);
        if (!unit || (!is_leading(*unit) && !is_trailing(*unit))) {
            mended += text.substr(place, 2);
            place += 2;
            continue;
        }
        const auto next = unit_at(text, place + 6);
        const bool is_pair = is_leading(*unit) && next && is_trailing(*next);
        mended += is_pair ? text.substr(place, 12) : std::string_view{"\\ufffd"};
        place += is_pair ? 12 : 6;
    }
    return core::is_utf8(mended) ? mended : core::repair_utf8(mended);
}

json::Value take_member(json::Object& object, std::string_view name) {
    auto* value = object.if_contains(name);
    return value ? std::move(*value) : json::Value(json::Object{});
}

core::Expected<CdpMessage> read_answer(json::Object& object, const json::Value& id) {
    CdpAnswer answer;
    if (id.is_int64() && id.get_int64() >= 0)
        answer.id = static_cast<std::uint64_t>(id.get_int64());
    else if (id.is_uint64())
        answer.id = id.get_uint64();
    else
        return core::refuse("the id of a DevTools answer is no number of ours");
    if (const auto* error = object.if_contains("error")) {
        const auto* code = json::find(*error, "code");
        answer.refusal = CdpRefusal{code && code->is_int64() ? code->get_int64() : 0,
                                    std::string{json::text_or(*error, "message", "no reason given")}};
    } else {
        answer.result = take_member(object, "result");
    }
    return answer;
}

}  // namespace

core::Expected<CdpMessage> parse_cdp_message(std::string_view text) {
    std::string why;
    auto value = parse_text(text, why);
    if (!value) value = parse_text(mend(text), why);
    if (!value) return core::refuse("a DevTools message is not JSON: " + why);
    auto* object = value->if_object();
    if (!object) return core::refuse("a DevTools message is no JSON object");
    if (const auto* id = object->if_contains("id")) return read_answer(*object, *id);
    const auto method = json::text_or(*object, "method");
    if (method.empty()) return core::refuse("a DevTools message is neither an answer nor an event");
    CdpEvent event{std::string{json::text_or(*object, "sessionId")}, std::string{method}, {}};
    event.params = take_member(*object, "params");
    return event;
}

std::optional<std::uint64_t> find_answer_id(std::string_view beginning) {
    constexpr std::string_view head = R"({"id":)";
    if (!beginning.starts_with(head)) return std::nullopt;
    const auto rest = beginning.substr(head.size());
    return core::parse_unsigned(rest.substr(0, rest.find_first_not_of("0123456789")));
}

std::string make_cdp_call(std::uint64_t id, std::string_view session, std::string_view method,
                          const json::Object& params) {
    auto text = fmt::format(R"({{"id":{},"method":{},"params":{})", id,
                            boost::json::serialize(boost::json::string_view{method.data(), method.size()}),
                            boost::json::serialize(params));
    if (!session.empty())
        text += fmt::format(R"(,"sessionId":{})",
                            boost::json::serialize(boost::json::string_view{session.data(), session.size()}));
    return text += '}';
}

json::Object attach_to_frames() {
    return {{"autoAttach", true},
            {"waitForDebuggerOnStart", false},
            {"flatten", true},
            {"filter", json::Array{json::Object{{"type", "iframe"}}}}};
}

}  // namespace carrel::desk::cdp
