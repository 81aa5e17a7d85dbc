#include "jail/network/forwarding.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/network/cable.hpp"
#include "jail/network/links.hpp"

namespace carrel::jail::network {

namespace {

constexpr const char* whole_host = "/proc/sys/net/ipv4/ip_forward";

std::string switch_of(const std::string& interface) {
    return fmt::format("/proc/sys/net/ipv4/conf/{}/forwarding", interface);
}

/// An interface may be gone between two questions: it is off then.
bool is_on(const std::string& path) {
    const auto text = core::find_file_text(path);
    return text && core::trim(*text) != "0";
}

/// False when the interface is gone meanwhile.
bool try_switch_on(const std::string& interface) {
    try {
        set_forwarding(interface, true);
        return true;
    } catch (const core::Error& error) {
        if (error.code() != core::Code::not_found) throw;
        return false;
    }
}

}  // namespace

bool is_router() { return is_on(whole_host); }

bool can_switch_forwarding() { return ::access(switch_of("all").c_str(), W_OK) == 0; }

bool is_forwarding(const std::string& interface) { return is_on(switch_of(interface)); }

void set_forwarding(const std::string& interface, bool is_on) {
    core::write_existing(switch_of(interface), is_on ? "1" : "0");
}

std::vector<std::string> switch_forwarding_on(const std::vector<std::string>& ours) {
    std::vector<std::string> switched;
    if (is_router()) return switched;
    for (const auto& name : list_links()) {
        if (name == "lo") continue;
        const bool was_on = is_forwarding(name);
        if (!was_on && !try_switch_on(name)) continue;
        const bool is_ours = !was_on || std::ranges::count(ours, name) > 0;
        if (is_ours && !find_cable(name)) switched.push_back(name);
    }
    return switched;
}

void switch_forwarding_off(const std::vector<std::string>& ours) {
    if (is_router()) return;
    const auto links = list_links();
    for (const auto& name : ours)
        if (std::ranges::count(links, name) > 0) set_forwarding(name, false);
}

}  // namespace carrel::jail::network
