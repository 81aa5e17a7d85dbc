#include "desk/desktop/clipboard_handlers.hpp"

#include "core/text.hpp"
#include "ops/desk/system.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::desktop {

namespace {

/// A picture in base64, or a text whose characters take six bytes each, and some room.
constexpr std::size_t largest_request = 6 * (ops::longest_clipboard_text + 1024) + clipboard::largest_copied;

clipboard::Selection selection_named(std::string_view name) {
    return name == "primary" ? clipboard::Selection::primary : clipboard::Selection::clipboard;
}

Task<net::Response> get(Display& display, async::Pool& pool, net::Request& request) {
    const auto wish = rest::decode_query(request, ops::read_clipboard_shape());
    const auto desktop = co_await display.desktop();
    const bool wants_image = wish.type == "image";
    auto found = co_await desktop->clipboard.look(selection_named(wish.selection),
                                                  {.text = !wants_image, .image = wants_image});
    // Megabytes of base64 would hold up the loop.
    co_return co_await async::run_on(pool, [found = std::move(found)] {
        json::Object answer{{"success", true},
                            {"content", found.content.text.value_or(std::string{})},
                            {"types", json::Array(found.types.begin(), found.types.end())}};
        if (found.content.image) answer["image"] = core::to_base64(*found.content.image);
        return rest::json_answer(answer);
    });
}

struct Wish {
    clipboard::Selection selection;
    clipboard::Copied content;
};

/// Throws Unprocessable.
Wish wish_of(const std::string& body) {
    auto value = json::parse(core::trim(body).empty() ? "{}" : std::string_view{body});
    if (!value) throw rest::Unprocessable{{{{}, value.error().message(), "json_invalid"}}, "body"};
    auto asked = rest::value_or_refuse(ops::set_clipboard_shape().decode(*value), "body");
    if (!asked.content && !asked.image)
        throw rest::unprocessable({"content"}, "give content (a text), image (a PNG in base64), or both");
    Wish wish{selection_named(asked.selection), {.text = std::move(asked.content), .image = std::nullopt}};
    if (!asked.image) return wish;
    wish.content.image = core::parse_base64(*asked.image);
    if (!wish.content.image)
        throw rest::unprocessable({"image"}, "this is not base64 (RFC 4648, with padding, without spaces)");
    if (!clipboard::is_png(*wish.content.image)) throw rest::unprocessable({"image"}, "this is not a PNG");
    if (wish.content.image->size() > clipboard::largest_copied)
        throw rest::unprocessable({"image"}, "a picture may have 16 MiB at most");
    return wish;
}

Task<net::Response> set(Display& display, async::Pool& pool, net::Request& request) {
    auto body = co_await net::collect_body(request, largest_request);
    auto wish = co_await async::run_on(pool, [body = std::move(body)] { return wish_of(body); });
    const auto desktop = co_await display.desktop();
    co_await desktop->clipboard.put(wish.selection, std::move(wish.content));
    co_return rest::json_answer({{"success", true}, {"output", "The clipboard is set."}});
}

}  // namespace

std::vector<rest::Binding> bind_clipboard(Display& display, async::Pool& pool) {
    return {
        {"system/clipboard", "GET", [&](net::Request& request) { return get(display, pool, request); }},
        {"system/clipboard", "POST", [&](net::Request& request) { return set(display, pool, request); }},
    };
}

}  // namespace carrel::desk::desktop
