#include "desk/processes/tree.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <memory>
#include <unordered_set>

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk::processes {

namespace {

/// A look at a full desk takes milliseconds; whoever makes processes faster is at the desk's limit of them.
constexpr int most_rounds = 100;
constexpr std::size_t longest_environment = std::size_t{4} << 20;

std::optional<std::string> find_text(const std::string& path, std::size_t limit) {
    try {
        return core::find_file_text(path, limit);
    } catch (const core::Error&) {
        return std::nullopt;  // it has ended while we looked, or hides itself
    }
}

template <class Item>
bool is_among(const Item& item, const std::vector<Item>& all) {
    return std::ranges::find(all, item) != all.end();
}

async::Task<bool> have_ended_within(std::vector<core::Fd> processes, async::Duration patience) {
    using boost::asio::posix::stream_descriptor;
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto wait_for_all = [&]() -> async::Task<bool> {
        for (auto& process : processes) {
            stream_descriptor handle{executor, process.release()};
            co_await handle.async_wait(stream_descriptor::wait_read, boost::asio::use_awaitable);
        }
        co_return true;
    };
    try {
        co_return co_await async::deadline(patience, "the end of a session", wait_for_all());
    } catch (const core::Error&) {
        co_return false;
    }
}

}  // namespace

std::optional<ProcessFacts> parse_stat(std::string_view line) {
    const auto pid = core::parse_unsigned(line.substr(0, line.find(' ')));
    const auto end_of_name = line.rfind(')');
    if (!pid || end_of_name == line.npos) return std::nullopt;
    // ") S ppid pgrp session ..."
    const auto fields = core::split(line.substr(end_of_name + 1), ' ');
    if (fields.size() < 5 || fields[1].size() != 1) return std::nullopt;
    const auto parent = core::parse_unsigned(fields[2]);
    const auto group = core::parse_unsigned(fields[3]);
    const auto session = core::parse_unsigned(fields[4]);
    if (!parent || !group || !session) return std::nullopt;
    return ProcessFacts{static_cast<pid_t>(*pid), static_cast<pid_t>(*parent), static_cast<pid_t>(*group),
                        static_cast<pid_t>(*session), fields[1] == "Z"};
}

std::vector<ProcessFacts> read_facts() {
    std::vector<ProcessFacts> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc"), ::closedir};
    if (!folder) return found;
    while (const dirent* entry = ::readdir(folder.get())) {
        if (!core::parse_unsigned(entry->d_name)) continue;
        const auto text = find_text(fmt::format("/proc/{}/stat", entry->d_name), 4096);
        if (const auto facts = text ? parse_stat(*text) : std::nullopt) found.push_back(*facts);
    }
    return found;
}

std::vector<pid_t> session_of(std::span<const ProcessFacts> processes, pid_t leader) {
    std::vector<pid_t> members;
    for (const auto& each : processes)
        if (each.session == leader && !each.is_zombie) members.push_back(each.pid);
    return members;
}

std::vector<pid_t> family_of(std::span<const ProcessFacts> processes, pid_t leader) {
    std::unordered_set<pid_t> family;
    std::size_t before = 0;
    do {
        before = family.size();
        for (const auto& each : processes)
            if (each.session == leader || family.contains(each.parent)) family.insert(each.pid);
    } while (family.size() != before);
    std::vector<pid_t> result;
    for (const auto& each : processes)
        if (family.contains(each.pid) && !each.is_zombie) result.push_back(each.pid);
    return result;
}

bool has_variable(pid_t process, std::string_view name) {
    const auto text = find_text(fmt::format("/proc/{}/environ", process), longest_environment);
    return text && std::ranges::any_of(core::split(*text, '\0'), [&](std::string_view line) {
               return line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=';
           });
}

bool has_mark(pid_t process, std::string_view mark) {
    const auto text = find_text(fmt::format("/proc/{}/environ", process), longest_environment);
    return text && is_among(mark, core::split(*text, '\0'));
}

std::vector<pid_t> find_marked(std::string_view name) {
    const auto processes = read_facts();
    std::unordered_set<pid_t> found;
    for (const auto& each : processes) {
        if (each.is_zombie || !has_variable(each.pid, name)) continue;
        found.insert(each.pid);
        for (const pid_t member : family_of(processes, each.pid)) found.insert(member);
    }
    return {found.begin(), found.end()};
}

std::vector<pid_t> find_family(pid_t leader, const std::string& mark) {
    const auto processes = read_facts();
    auto family = family_of(processes, leader);
    for (const auto& each : processes)
        if (!each.is_zombie && !is_among(each.pid, family) && has_mark(each.pid, mark))
            family.push_back(each.pid);
    return family;
}

int signal_all(const std::function<std::vector<pid_t>()>& find, int signal) {
    std::unordered_set<pid_t> reached;
    // Who is stopped starts nobody: else a fork bomb outruns its end.
    bool has_new = signal == SIGKILL;
    for (int round = 0; has_new && round < most_rounds; ++round) {
        has_new = false;
        for (const pid_t process : find())
            if (::kill(process, SIGSTOP) == 0 && reached.insert(process).second) has_new = true;
    }
    for (const pid_t process : find())
        if (::kill(process, signal) == 0) reached.insert(process);
    return static_cast<int>(reached.size());
}

async::Task<> end_session(async::Pool& pool, pid_t leader, async::Duration patience) {
    auto handles = co_await async::run_on(pool, [leader] {
        std::vector<core::Fd> found;
        for (const pid_t process : session_of(read_facts(), leader)) {
            core::Fd handle{static_cast<int>(::syscall(SYS_pidfd_open, process, 0))};
            if (::kill(process, SIGHUP) != 0) continue;
            // What was stopped must run to hear it.
            ::kill(process, SIGCONT);
            if (handle) found.push_back(std::move(handle));
        }
        return found;
    });
    if (co_await have_ended_within(std::move(handles), patience)) co_return;
    const auto find = [leader] { return session_of(read_facts(), leader); };
    co_await async::run_on(pool, [find] { return signal_all(find, SIGKILL); });
}

}  // namespace carrel::desk::processes
