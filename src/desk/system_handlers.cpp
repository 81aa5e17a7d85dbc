#include "desk/system_handlers.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/observe.hpp"
#include "ops/desk_system.hpp"

namespace carrel::desk {

namespace {

/// "MemAvailable:   1234 kB" of /proc/meminfo, in bytes; 0 when there is no such line.
std::uint64_t memory_figure(std::string_view text, std::string_view name) {
    for (const auto line : core::split(text, '\n')) {
        if (!line.starts_with(name)) continue;
        auto rest = core::trim(line.substr(name.size()));
        rest = rest.substr(0, rest.find(' '));
        return core::parse_unsigned(rest).value_or(0) * 1024;
    }
    return 0;
}

json::Object processor_figures() {
    double loads[3]{};
    ::getloadavg(loads, 3);
    return {{"count", ::sysconf(_SC_NPROCESSORS_ONLN)}, {"load_1m", loads[0]}, {"load_5m", loads[1]}};
}

json::Object memory_figures() {
    const auto text = core::read_file("/proc/meminfo");
    return {{"total_bytes", memory_figure(text, "MemTotal:")},
            {"available_bytes", memory_figure(text, "MemAvailable:")}};
}

json::Object disk_figures() {
    struct statvfs figures{};
    const char* home = std::getenv("HOME");
    core::checked("statvfs", ::statvfs(home ? home : "/", &figures));
    return {{"total_bytes", std::uint64_t{figures.f_blocks} * figures.f_frsize},
            {"available_bytes", std::uint64_t{figures.f_bavail} * figures.f_frsize}};
}

Task<net::Response> info() {
    utsname names{};
    ::uname(&names);
    co_return json_answer({{"success", true},
                           {"hostname", names.nodename},
                           {"kernel", names.release},
                           {"cpu", processor_figures()},
                           {"memory", memory_figures()},
                           {"disk", disk_figures()}});
}

Task<net::Response> health(Display& display) {
    co_return json_answer({{"success", true},
                           {"status", display.is_manager_ready() ? "ok" : "starting"},
                           {"display", display.is_connected()},
                           {"window_manager", display.is_manager_ready()}});
}

Task<net::Response> get_clipboard(Display& display) {
    const auto desktop = co_await display.desktop();
    co_return json_answer({{"success", true}, {"content", co_await desktop->clipboard.read()}});
}

Task<net::Response> set_clipboard(Display& display, net::Request& request) {
    // A character may take six bytes in JSON.
    auto wish = co_await decode_body(request, ops::set_clipboard_shape(), 8 * largest_body);
    const auto desktop = co_await display.desktop();
    co_await desktop->clipboard.write(std::move(wish.content));
    co_return json_answer({{"success", true}, {"output", "The clipboard is set."}});
}

Task<net::Response> wait(Display& display, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::wait_shape());
    co_await async::pause(
        std::chrono::duration_cast<async::Duration>(std::chrono::duration<double>{wish.duration}));
    json::Object answer{{"success", true}, {"output", fmt::format("Waited {}s.", wish.duration)}};
    if (wish.screenshot) co_await add_screen(*co_await display.desktop(), answer);
    co_return json_answer(answer);
}

}  // namespace

std::vector<Binding> bind_system(Display& display) {
    return {
        {"system/health", "GET", [&](net::Request&) { return health(display); }},
        {"system/info", "GET", [](net::Request&) { return info(); }},
        {"system/clipboard", "GET", [&](net::Request&) { return get_clipboard(display); }},
        {"system/clipboard", "POST", [&](net::Request& request) { return set_clipboard(display, request); }},
        {"system/wait", "POST", [&](net::Request& request) { return wait(display, request); }},
    };
}

}  // namespace carrel::desk
