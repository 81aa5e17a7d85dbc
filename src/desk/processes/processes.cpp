#include "desk/processes/processes.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <iterator>
#include <map>
#include <ranges>
#include <set>

#include "async/deadline.hpp"
#include "core/fd.hpp"
#include "core/sys.hpp"
#include "desk/processes/table.hpp"
#include "ops/desk/processes.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::processes {

namespace {

using namespace std::chrono_literals;
using core::Code;
using core::Error;
using core::Fd;

constexpr auto ending_patience = 2s;
/// A look at a full desk takes milliseconds; whoever makes processes faster is at the desk's limit of them.
constexpr int most_looks = 100;

json::Object to_json(const Process& process, const Clockwork& clockwork) {
    return {{"pid", process.pid},
            {"ppid", process.parent},
            {"name", process.name},
            {"cpu_percent", cpu_percent(process, clockwork)},
            {"memory_mb", resident_megabytes(process, clockwork)},
            {"status", name_of_state(process.state)},
            {"cmdline", process.command},
            {"threads", process.threads},
            {"age_seconds", age(process, clockwork)}};
}

Task<net::Response> list(async::Pool& pool) {
    co_return co_await async::run_on(pool, [] {
        const auto clockwork = read_clockwork(proc);
        json::Array processes;
        for (const auto& process : read_processes(proc)) processes.emplace_back(to_json(process, clockwork));
        const auto total = processes.size();
        return rest::json_answer({{"success", true}, {"processes", std::move(processes)}, {"total", total}});
    });
}

Error not_there(const ops::KillProcess& wish) {
    const auto what =
        wish.pid ? fmt::format("process {}", *wish.pid) : fmt::format("process named \"{}\"", *wish.name);
    return Error{Code::not_found, fmt::format("no {} runs in the desk: process/list tells which do", what),
                 "no_such_process"};
}

/// A pidfd; an empty one when the process has ended, or its number is another's by now.
Fd open_process(const Process& process) {
    Fd handle{static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))};
    const auto now = find_process(proc, process.pid);
    if (!handle || !now || now->start_ticks != process.start_ticks) return {};
    // It has ended, though its parent has not taken note of it yet; with more threads only its first one has.
    if (now->state == 'Z' && now->threads < 2) return {};
    return handle;
}

/// Signals `process` by its handle; false when it has ended meanwhile.
bool send(const Fd& handle, const Process& process, int signal) {
    if (::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0) return true;
    if (errno == ESRCH) return false;
    throw core::system_error(fmt::format("signalling process {} ({})", process.pid, process.name), errno);
}

/// PID 1 and the tool server.
bool is_own(pid_t pid) { return pid == 1 || pid == ::getpid(); }

/// Whom `wish` means, parents before their children.
std::vector<Process> targets_of(const ops::KillProcess& wish, const std::vector<Process>& all) {
    std::vector<Process> targets;
    for (const auto& process : all) {
        const bool is_meant = wish.pid ? process.pid == *wish.pid : is_named(process, *wish.name);
        if (!is_meant || is_own(process.pid)) continue;
        targets.push_back(process);
        if (wish.tree)
            std::ranges::move(family(all, process.pid) | std::views::drop(1), std::back_inserter(targets));
    }
    return targets;
}

/// Stops everybody who is meant until a look finds nobody new: else a fork bomb outruns its end.
std::vector<Process> stop_all(const ops::KillProcess& wish) {
    std::set<pid_t> stopped;
    std::vector<Process> targets;
    for (int look = 0; look < most_looks; ++look) {
        targets = targets_of(wish, read_processes(proc));
        const auto before = stopped.size();
        for (const auto& target : targets)
            if (stopped.insert(target.pid).second)
                if (const auto handle = open_process(target)) send(handle, target, SIGSTOP);
        if (stopped.size() == before) break;
    }
    return targets;
}

struct Signalled {
    std::vector<pid_t> pids;
    std::vector<Fd> handles;
};

/// Blocks.
Signalled signal_all(const ops::KillProcess& wish) {
    Signalled signalled;
    const bool may_multiply = wish.force && !(wish.pid && !wish.tree);
    // Parents first: one that has ended starts no more children.
    for (const auto& target : may_multiply ? stop_all(wish) : targets_of(wish, read_processes(proc))) {
        if (std::ranges::find(signalled.pids, target.pid) != signalled.pids.end()) continue;
        auto handle = open_process(target);
        if (!handle || !send(handle, target, wish.force ? SIGKILL : SIGTERM)) continue;
        signalled.pids.push_back(target.pid);
        signalled.handles.push_back(std::move(handle));
    }
    if (signalled.pids.empty()) throw not_there(wish);
    return signalled;
}

Task<> wait_for_all(async::Executor executor, std::vector<Fd> processes) {
    for (auto& process : processes) {
        boost::asio::posix::stream_descriptor watched{executor, process.release()};
        co_await watched.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                    boost::asio::use_awaitable);
    }
}

Task<bool> have_ended(std::vector<Fd> processes) {
    const auto executor = co_await boost::asio::this_coro::executor;
    try {
        co_await async::deadline(ending_patience, "the end of a process",
                                 wait_for_all(executor, std::move(processes)));
    } catch (const Error& error) {
        if (error.code() != Code::timeout) throw;
        co_return false;
    }
    co_return true;
}

void refuse_own(pid_t pid) {
    if (pid == 1)
        throw Error{
            Code::forbidden,
            "process 1 keeps the desk alive, and the desk would end with it: delete the session to end "
            "the desk",
            "protected_process"};
    if (pid == ::getpid())
        throw Error{Code::forbidden,
                    fmt::format("process {} is the desk's tool server, which answers this call", pid),
                    "protected_process"};
}

std::string sentence(bool by_force, const std::vector<pid_t>& pids, bool has_ended) {
    const auto whom =
        pids.size() == 1 ? fmt::format("Process {}", pids.front()) : fmt::format("{} processes", pids.size());
    if (has_ended) return fmt::format("{} ended.", whom);
    if (by_force) return fmt::format("{} got SIGKILL; the kernel had not ended all within 2 s.", whom);
    return fmt::format("{} got SIGTERM; not all had ended within 2 s: force ends them for certain.", whom);
}

net::Response tell(std::string output, const std::vector<pid_t>& pids, bool has_ended) {
    return rest::json_answer({{"success", true},
                              {"output", std::move(output)},
                              {"pids", json::Array(pids.begin(), pids.end())},
                              {"ended", has_ended}});
}

Task<net::Response> kill_all(async::Pool& pool, const EndPrograms& end_programs) {
    auto running = co_await async::run_on(pool, [] {
        std::map<pid_t, Fd> handles;
        for (const auto& process : read_processes(proc))
            if (auto handle = is_own(process.pid) ? Fd{} : open_process(process))
                handles.emplace(process.pid, std::move(handle));
        return handles;
    });
    for (const pid_t kept : co_await end_programs()) running.erase(kept);
    std::vector<pid_t> pids;
    std::vector<Fd> handles;
    for (auto& [pid, handle] : running) {
        pids.push_back(pid);
        handles.push_back(std::move(handle));
    }
    const bool has_ended = co_await have_ended(std::move(handles));
    co_return tell("Everything but the desk's own programs was ended.", pids, has_ended);
}

Task<net::Response> kill(async::Pool& pool, const EndPrograms& end_programs, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::kill_process_shape());
    if (wish.pid.has_value() + wish.name.has_value() + wish.all != 1)
        throw rest::unprocessable({wish.pid ? "name" : "pid"}, "say either pid, name or all: whom is meant");
    if (wish.all) co_return co_await kill_all(pool, end_programs);
    if (wish.pid) refuse_own(*wish.pid);
    auto signalled = co_await async::run_on(pool, [wish] { return signal_all(wish); });
    const bool has_ended = co_await have_ended(std::move(signalled.handles));
    co_return tell(sentence(wish.force, signalled.pids, has_ended), signalled.pids, has_ended);
}

}  // namespace

std::vector<rest::Binding> bind_processes(async::Pool& pool, EndPrograms end_programs) {
    return {
        {"process/list", "GET", [&](net::Request&) { return list(pool); }},
        {"process/kill", "POST",
         [&pool, end_programs = std::move(end_programs)](net::Request& request) {
             return kill(pool, end_programs, request);
         }},
    };
}

}  // namespace carrel::desk::processes
