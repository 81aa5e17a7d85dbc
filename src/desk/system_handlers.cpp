#include "desk/system_handlers.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdlib>

#include "desk/desktop/observe.hpp"
#include "desk/processes/figures.hpp"
#include "ops/desk/system.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk {

using async::Task;

namespace {

Task<net::Response> info(desktop::Display& display, async::Pool& pool) {
    const char* home = std::getenv("HOME");
    auto answer = co_await async::run_on(pool, [home = std::string{home ? home : "/"}] {
        return processes::read_figures(processes::read_limits(), home);
    });
    utsname names{};
    ::uname(&names);
    answer["success"] = true;
    answer["version"] = tool_server_version;
    answer["hostname"] = names.nodename;
    answer["kernel"] = names.release;
    answer["display"] = nullptr;
    if (display.is_absent()) co_return rest::json_answer(answer);
    const auto size = (co_await display.desktop())->screen.size();
    answer["display"] = json::Object{{"width", size.width}, {"height", size.height}};
    co_return rest::json_answer(answer);
}

Task<net::Response> health(desktop::Display& display) {
    const bool is_up = display.is_absent() || display.is_manager_ready();
    co_return rest::json_answer({{"success", true},
                                 {"status", is_up ? "ok" : "starting"},
                                 {"display", display.is_connected()},
                                 {"window_manager", display.is_manager_ready()}});
}

Task<net::Response> wait(desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::wait_shape());
    co_await async::pause(
        std::chrono::duration_cast<async::Duration>(std::chrono::duration<double>{wish.duration}));
    json::Object answer{{"success", true}, {"output", fmt::format("Waited {}s.", wish.duration)}};
    if (wish.screenshot) co_await desktop::add_screen(*co_await display.desktop(), answer);
    co_return rest::json_answer(answer);
}

}  // namespace

std::vector<rest::Binding> bind_system(desktop::Display& display, async::Pool& pool) {
    return {
        {"system/health", "GET", [&](net::Request&) { return health(display); }},
        {"system/info", "GET", [&](net::Request&) { return info(display, pool); }},
        {"system/wait", "POST", [&](net::Request& request) { return wait(display, request); }},
    };
}

}  // namespace carrel::desk
