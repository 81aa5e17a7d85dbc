#include "app/host_network.hpp"

#include <arpa/nameser.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <charconv>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

constexpr int seconds_for_an_answer = 2;

/// Sends a question about the root's name servers, which every resolver knows, to those that the C library
/// reads from /etc/resolv.conf. Empty: nobody answered.
std::string ask_about_root(struct __res_state& state) {
    std::array<unsigned char, NS_PACKETSZ> question;
    const int length = ::res_nmkquery(&state, ns_o_query, ".", ns_c_in, ns_t_ns, nullptr, 0, nullptr,
                                      question.data(), static_cast<int>(question.size()));
    if (length < 0) return {};
    std::array<unsigned char, NS_MAXMSG> answer;
    const int size =
        ::res_nsend(&state, question.data(), length, answer.data(), static_cast<int>(answer.size()));
    if (size <= 0) return {};
    return {reinterpret_cast<const char*>(answer.data()), static_cast<std::size_t>(size)};
}

/// Those of `nameserver` lines, in the words of the file.
std::vector<std::string> name_servers() {
    std::vector<std::string> servers;
    const auto text = core::find_file_text("/etc/resolv.conf").value_or("");
    for (const auto line : core::split(text, '\n')) {
        const auto words = core::trim(line);
        constexpr std::string_view key = "nameserver";
        if (words.starts_with(key) && words.size() > key.size() &&
            (words[key.size()] == ' ' || words[key.size()] == '\t'))
            servers.emplace_back(core::trim(words.substr(key.size())));
    }
    return servers;
}

Finding look_at_names() {
    constexpr std::string_view consequence = "desks with a network will resolve no names";
    const auto servers = name_servers();
    if (servers.empty())
        return {Health::weak, "names",
                fmt::format("/etc/resolv.conf names no server: {}; give it one", consequence)};
    struct __res_state state{};
    if (::res_ninit(&state) != 0) return {Health::weak, "names", "the C library's resolver does not start"};
    state.retrans = seconds_for_an_answer;
    state.retry = 1;
    const auto answer = ask_about_root(state);
    ::res_nclose(&state);
    const auto list = fmt::format("{}", fmt::join(servers, ", "));
    if (answer.empty())
        return {Health::weak, "names",
                fmt::format("no name server of /etc/resolv.conf answers ({}): {}", list, consequence)};
    if (const auto refusal = find_refusal(answer))
        return {Health::weak, "names",
                fmt::format("the name servers of /etc/resolv.conf ({}) answer, and {}: {} perhaps", list,
                            *refusal, consequence)};
    return {Health::good, "names", fmt::format("name servers answer ({})", list)};
}

Finding look_at_routes() {
    if (const auto interface = find_default_route(core::find_file_text("/proc/net/route").value_or("")))
        return {Health::good, "routes", fmt::format("desks with a network go out by {}", *interface)};
    return {Health::weak, "routes",
            "this host has no default route (IPv4): desks with a network reach only what its other routes "
            "lead to"};
}

}  // namespace

std::vector<Finding> examine_network() { return {look_at_routes(), look_at_names()}; }

std::optional<std::string> find_default_route(std::string_view routes) {
    // Interface, destination, gateway, flags, counts, metric, mask, in hexadecimal.
    constexpr std::size_t destination = 1, flags = 3, mask = 7;
    constexpr unsigned is_up = 1, is_reject = 0x0200;
    for (const auto line : core::split(routes, '\n')) {
        std::vector<std::string_view> words;
        for (const auto word : core::split(line, '\t')) words.push_back(core::trim(word));
        if (words.size() <= mask || words[destination] != "00000000" || words[mask] != "00000000") continue;
        unsigned bits = 0;
        std::from_chars(words[flags].data(), words[flags].data() + words[flags].size(), bits, 16);
        if ((bits & is_up) != 0 && (bits & is_reject) == 0) return std::string{words[0]};
    }
    return std::nullopt;
}

std::optional<std::string> find_refusal(std::string_view answer) {
    constexpr std::size_t header = 12, code_place = 3;
    if (answer.size() < header) return "what they say is no answer";
    switch (answer[code_place] & 0x0F) {
        case ns_r_servfail: return "say that they cannot find anything out (SERVFAIL)";
        case ns_r_refused: return "refuse to (REFUSED)";
        case ns_r_formerr:
        case ns_r_notimpl: return "do not understand an ordinary question";
        default: return std::nullopt;
    }
}

}  // namespace carrel::app
