#include "desk/desktop/windows_handlers.hpp"

#include <fmt/format.h>

#include <chrono>

#include "desk/desktop/observe.hpp"
#include "ops/desk/windows.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::desktop {

namespace {

json::Object to_json(const windows::Window& window) {
    json::Object object{{"window_id", ops::window_id_text(window.id)},
                        {"title", window.title},
                        {"class_name", window.class_name},
                        {"pid", nullptr},
                        {"type", window.type},
                        {"x", window.area.x},
                        {"y", window.area.y},
                        {"width", window.area.width},
                        {"height", window.area.height},
                        {"is_active", window.is_active},
                        {"is_minimized", window.is_minimized},
                        {"is_maximized", window.is_maximized},
                        {"is_fullscreen", window.is_fullscreen}};
    if (window.pid) object["pid"] = *window.pid;
    return object;
}

Task<net::Response> list(Display& display) {
    const auto desktop = co_await display.desktop();
    json::Array windows;
    for (const auto& window : co_await desktop->windows.list()) windows.emplace_back(to_json(window));
    co_return rest::json_answer({{"success", true}, {"windows", std::move(windows)}});
}

Task<net::Response> active(Display& display) {
    const auto desktop = co_await display.desktop();
    const auto window = co_await desktop->windows.find_active();
    if (!window)
        co_return rest::json_answer(
            {{"success", true}, {"window", nullptr}, {"window_id", nullptr}, {"window_title", ""}});
    co_return rest::json_answer({{"success", true},
                                 {"window", to_json(*window)},
                                 {"window_id", ops::window_id_text(window->id)},
                                 {"window_title", window->title}});
}

constexpr std::chrono::milliseconds focus_patience{500};

/// The window that is meant; the shape has let only ids through.
Task<xcb_window_t> pick(Desktop& desktop, std::optional<json::Value> id) {
    if (id) co_return ops::parse_window_id(*id).value_or(XCB_NONE);
    // While the focus goes from one window to the next, none has it for a moment.
    const auto end = std::chrono::steady_clock::now() + focus_patience;
    std::optional<windows::Window> active;
    for (bool may_come = true; !active && may_come;) {
        const auto seen = desktop.windows.changes();
        active = co_await desktop.windows.find_active();
        may_come =
            active || co_await desktop.windows.wait_for_change(seen, end - std::chrono::steady_clock::now());
    }
    if (!active)
        throw core::Error{core::Code::not_found,
                          "no window has the keyboard: say by window_id which is meant (window/list)",
                          "no_active_window"};
    co_return active->id;
}

using Doing = Task<> (windows::WindowActions::*)(xcb_window_t);

Task<net::Response> do_to(Display& display, net::Request& request, Doing doing, std::string done) {
    const auto wish = co_await rest::decode_body(request, ops::pick_window_shape());
    const auto desktop = co_await display.desktop();
    const auto id = co_await pick(*desktop, wish.window_id);
    co_return co_await act(desktop, wish, (desktop->window_actions.*doing)(id), std::move(done));
}

Task<net::Response> close_window(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::close_window_shape());
    const auto desktop = co_await display.desktop();
    const auto id = co_await pick(*desktop, wish.window_id);
    co_return co_await act(desktop, wish, desktop->window_actions.close(id, wish.force),
                           "The window is closed.");
}

Task<net::Response> move_window(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::move_window_shape());
    const auto desktop = co_await display.desktop();
    const auto id = co_await pick(*desktop, wish.window_id);
    co_return co_await act(desktop, wish, desktop->window_actions.move(id, wish.x, wish.y),
                           "Moved the window.");
}

/// `reached` outlives it.
Task<> resize_to(windows::WindowActions& actions, xcb_window_t id, int width, int height,
                 windows::WindowArea& reached) {
    reached = co_await actions.resize(id, width, height);
}

Task<net::Response> resize_window(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::resize_window_shape());
    const auto desktop = co_await display.desktop();
    const auto id = co_await pick(*desktop, wish.window_id);
    windows::WindowArea reached;
    auto answer = co_await act_and_describe(
        desktop, wish, resize_to(desktop->window_actions, id, wish.width, wish.height, reached), {});
    answer["output"] = fmt::format("The window has {}×{} pixels now.", reached.width, reached.height);
    co_return rest::json_answer(std::move(answer));
}

struct Row {
    std::string_view name;
    Doing doing;
    const char* done;
};
constexpr std::array plain_rows{
    Row{"window/focus", &windows::WindowActions::focus, "The window has the keyboard."},
    Row{"window/minimize", &windows::WindowActions::minimize, "The window is minimized."},
    Row{"window/maximize", &windows::WindowActions::maximize, "The window is maximized."},
    Row{"window/restore", &windows::WindowActions::restore, "The window is restored."},
};

}  // namespace

std::vector<rest::Binding> bind_windows(Display& display) {
    std::vector<rest::Binding> bindings{
        {"window/list", "GET", [&](net::Request&) { return list(display); }},
        {"window/active", "GET", [&](net::Request&) { return active(display); }},
        {"window/close", "POST", [&](net::Request& request) { return close_window(display, request); }},
        {"window/move", "POST", [&](net::Request& request) { return move_window(display, request); }},
        {"window/resize", "POST", [&](net::Request& request) { return resize_window(display, request); }},
    };
    for (const auto& row : plain_rows)
        bindings.push_back({row.name, "POST", [&display, &row](net::Request& request) {
                                return do_to(display, request, row.doing, row.done);
                            }});
    return bindings;
}

}  // namespace carrel::desk::desktop
