#include "desk/pty/control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "desk/processes/signals.hpp"
#include "json/fields.hpp"

namespace carrel::desk::pty {

namespace {

using Kind = PtyControl::Kind;

struct Row {
    std::string_view type;
    Kind kind;
};
constexpr std::array kinds{Row{"resize", Kind::resize}, Row{"signal", Kind::signal}, Row{"eof", Kind::eof},
                           Row{"pause", Kind::pause}, Row{"resume", Kind::resume}};

struct SignalWish {
    std::string signal;
};

const json::Shape<spawn::PtySize> size_shape{
    json::field("cols", &spawn::PtySize::columns, "columns", json::between(1, 1000)),
    json::field("rows", &spawn::PtySize::rows, "rows", json::between(1, 1000))};
const json::Shape<SignalWish> signal_shape{json::field("signal", &SignalWish::signal, "its name")};

/// `value` without its type, by `shape`.
template <class T>
core::Expected<T> decode(const json::Value& value, const json::Shape<T>& shape) {
    auto rest = value.as_object();
    rest.erase("type");
    auto decoded = shape.decode(rest);
    if (decoded) return std::move(*decoded);
    const auto& first = decoded.error().front();
    return core::refuse(first.path.empty() ? first.message
                                           : fmt::format("{}: {}", first.path.front(), first.message));
}

}  // namespace

core::Expected<PtyControl> parse_control(std::string_view text) {
    const auto value = json::parse(text, 4);
    if (!value) return std::unexpected{value.error()};
    const auto type = json::text_or(*value, "type");
    const auto row = std::ranges::find(kinds, type, &Row::type);
    if (row == kinds.end())
        return core::refuse(
            "a text message must be a JSON object whose type is resize, signal, eof, pause or "
            "resume; input goes in binary messages");
    PtyControl control{.kind = row->kind};
    if (control.kind == Kind::resize) {
        const auto size = decode(*value, size_shape);
        if (!size) return std::unexpected{size.error()};
        control.size = *size;
    }
    if (control.kind == Kind::signal) {
        const auto wish = decode(*value, signal_shape);
        if (!wish) return std::unexpected{wish.error()};
        const auto number = processes::find_signal(wish->signal);
        if (!number) return core::refuse(processes::no_such_signal(wish->signal));
        control.signal = *number;
    }
    return control;
}

}  // namespace carrel::desk::pty
