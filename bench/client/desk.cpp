#include "bench/client/desk.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "bench/client/picture.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

namespace fs = std::filesystem;

/// Empty for a process that has ended meanwhile.
std::string pid_namespace(const std::string& pid) {
    std::error_code gone;
    return fs::read_symlink("/proc/" + pid + "/ns/pid", gone).string();
}

}  // namespace

std::string Desk::at(std::string_view path) const {
    return fmt::format("/api/v1/sessions/{}/desk{}", session, path);
}

Desk make_desk(HttpClient& http) {
    const auto answer = http.must("POST", "/api/v1/sessions",
                                  R"({"provider":"scripted","network":"none","width":1024,"height":768})");
    const auto json = core::value_or_throw(json::parse(answer.body));
    return {.session = std::string{json::text_or(json, "id")},
            .id = std::string{json::text_or(*json::find(json, "desk"), "id")},
            .server_timing = answer.server_timing};
}

void remove_desk(HttpClient& http, const Desk& desk) {
    http.must("DELETE", "/api/v1/sessions/" + desk.session);
}

std::string first_picture(HttpClient& http, const Desk& desk) {
    auto png = http.must("GET", desk.at("/screen/screenshot"), {}, "image/png").body;
    if (has_one_colour(png)) throw core::Error{core::Code::internal, "the first picture shows nothing"};
    return png;
}

int first_process(const Target& target, const Desk& desk) {
    const auto text = core::read_file(fmt::format("{}/desks/{}/identity.json", target.data, desk.id));
    return static_cast<int>(json::find(core::value_or_throw(json::parse(text)), "pid")->as_int64());
}

std::vector<int> process_ids(const Target& target, const Desk& desk) {
    const auto wanted = pid_namespace(fmt::to_string(first_process(target, desk)));
    std::vector<int> found;
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        const auto pid = core::parse_unsigned(entry.path().filename().string());
        if (pid && pid_namespace(fmt::to_string(*pid)) == wanted) found.push_back(static_cast<int>(*pid));
    }
    return found;
}

std::vector<core::Fd> hold_processes(const Target& target, const Desk& desk) {
    std::vector<core::Fd> held;
    for (const int pid : process_ids(target, desk)) {
        const auto process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        if (process >= 0) held.emplace_back(process);
    }
    return held;
}

bool has_ended(const core::Fd& process) {
    pollfd waiting{process.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
}

std::string endpoint(const Target& target, const Desk& desk) {
    return fmt::format("{}/endpoints/{}", target.data, desk.id);
}

ScopedDesk::~ScopedDesk() {
    try {
        remove_desk(http_, desk_);
    } catch (const std::exception& error) {
        fmt::print(stderr, "carrel-bench: {}\n", error.what());
    }
}

}  // namespace carrel::bench
