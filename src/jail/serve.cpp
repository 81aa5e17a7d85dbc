#include "jail/serve.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <list>

#include "core/desk_shape.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/desks/desks.hpp"
#include "jail/desks/removal.hpp"
#include "jail/desks/workspace.hpp"
#include "jail/disks/stock.hpp"
#include "jail/disks/workspace_disk.hpp"
#include "jail/host/data.hpp"
#include "jail/host/host.hpp"
#include "jail/process/pidfd.hpp"
#include "jail/wire/messages.hpp"
#include "jail/workspaces/readers.hpp"

namespace carrel::jail {

namespace {

using core::checked;
using core::Code;
using core::Error;
using core::Fd;

struct Reply {
    wire::Answer answer;
    std::array<int, wire::most_descriptors_in_answer> descriptors{-1, -1, -1, -1, -1};
};

void send_reply(int socket, const Reply& reply) {
    auto text = wire::format_answer(reply.answer);
    if (text.size() > wire::longest_answer)
        text =
            wire::format_answer({reply.answer.number, Error{Code::exhausted, "the answer is too long"}, {}});
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::most_descriptors_in_answer)]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const auto count = static_cast<std::size_t>(
        std::ranges::count_if(reply.descriptors, [](int descriptor) { return descriptor >= 0; }));
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        std::memcpy(CMSG_DATA(header), reply.descriptors.data(), sizeof(int) * count);
    }
    checked("answer", ::sendmsg(socket, &message, MSG_NOSIGNAL));
}

/// What start and adopt answer; the driver reads these names.
wire::Fields describe(const desks::Handed& desk) {
    const auto& identity = desk.identity;
    wire::Fields fields{{"id", identity.id},
                        {"pid", fmt::to_string(identity.process.pid)},
                        {"nonce", identity.nonce},
                        {"slot", fmt::to_string(identity.slot)},
                        {"uid_base", fmt::to_string(identity.uid_base)},
                        {"image", identity.image},
                        {"image_hash", identity.image_hash},
                        {"desk_hash", identity.desk_hash},
                        {"network", identity.network},
                        {"memory_watch", std::string{name_of(desk.memory.how)}},
                        {"process_watch", std::string{name_of(desk.processes.how)}},
                        {"disk_watch", std::string{name_of(desk.disk.how)}},
                        {"workspace_watch", std::string{name_of(desk.workspace.how)}},
                        {"can_sleep", desk.can_sleep ? "yes" : "no"}};
    for (const auto& warning : desk.warnings) fields.emplace_back("warning", warning);
    for (const auto& [what, time] : desk.took)
        fields.emplace_back("took." + what, fmt::to_string(time.count()));
    return fields;
}

bool can_freeze(const plan::HostFacts& facts) {
    return std::ranges::any_of(facts.hierarchies, &cgroup::Hierarchy::freezer);
}

std::string no_disks(const std::string& why) {
    return fmt::format(
        "how much a desk writes is measured from time to time and told of, not stopped, and workspaces have "
        "no "
        "bound, since none can have a disk of its own here: {}. It takes loop devices (`modprobe loop`; in a "
        "container "
        "/dev/loop-control and /dev/loop0 and so on), ext4 and mkfs.ext4 (e2fsprogs)",
        why);
}

workspaces::Place find_place(const std::string& folder) {
    if (!desks::is_workspace(folder)) throw Error{Code::not_found, "there is no workspace in " + folder};
    return {desks::open_to_read(folder), disks::find_workspace_quota(folder)};
}

class Server {
public:
    Server(int socket, host::Host host, disks::Stock& stock)
        : socket_{socket},
          stock_{stock},
          held_groups_{std::move(host.held_groups)},
          warnings_{std::move(host.warnings)},
          desks_{std::move(host.facts), std::move(host.ranges), desks::compile_filter(), stock} {}

    /// Until the socket ends.
    void run() {
        while (true) {
            std::vector<pollfd> waiting{{socket_, POLLIN, 0}};
            for (const auto& stop : stops_)
                if (!stop.stopping.is_dead) waiting.push_back({stop.stopping.process.get(), POLLIN, 0});
            // Poll passes over descriptors below 0.
            waiting.push_back({cleaner_end_.get(), POLLIN, 0});
            waiting.push_back({stock_.channel(), POLLIN, 0});
            const int ready = ::poll(waiting.data(), waiting.size(), pause());
            if (ready < 0 && errno != EINTR) throw core::system_error("poll", errno);
            look_around();
            if (waiting[0].revents != 0 && !take_request()) return;
        }
    }

    /// What fails of it is tried again at the next turn: requests must be answered meanwhile.
    void look_around() {
        try {
            finish_stops();
            reap_cleaner();
            desks_.look_at_stock();
            look_at_disks();
        } catch (const std::exception& error) {
            core::log_error("looking after desks: {}", error.what());
        }
    }

    // --- one function a request
    void operator()(std::uint64_t number, const wire::Start& start) {
        try {
            hand_over(number, desks_.start(start.spec));
        } catch (...) {
            // What there was of it lies in the trash.
            start_cleaner();
            throw;
        }
    }
    void operator()(std::uint64_t number, const wire::Adopt& adopt) {
        hand_over(number, desks_.adopt(adopt.id));
    }
    void operator()(std::uint64_t number, const wire::Stop& stop) {
        stops_.push_back({number, desks_.begin_stop(stop.id, stop.keeps_files)});
        finish_stops();
    }
    void operator()(std::uint64_t number, const wire::Ending& ending) {
        wire::Fields fields{{"memory_kills", fmt::to_string(desks_.count_memory_kills(ending.id))}};
        if (const auto status = desks_.find_exit_status(ending.id))
            fields.emplace_back(status->was_killed ? "signal" : "status", fmt::to_string(status->number));
        answer(number, std::move(fields));
    }
    void operator()(std::uint64_t number, const wire::Freeze& freeze) {
        desks_.set_frozen(freeze.id, true);
        answer(number, {});
    }
    void operator()(std::uint64_t number, const wire::Thaw& thaw) {
        desks_.set_frozen(thaw.id, false);
        answer(number, {});
    }
    void operator()(std::uint64_t number, const wire::Usage& usage) {
        const auto used = desks_.usage(usage.id);
        wire::Fields fields;
        if (used.memory) fields.emplace_back("memory", fmt::to_string(*used.memory));
        if (used.processes) fields.emplace_back("processes", fmt::to_string(*used.processes));
        if (used.processor_time)
            fields.emplace_back("processor_microseconds", fmt::to_string(used.processor_time->count()));
        if (const auto written = desks_.find_written(usage.id))
            fields.emplace_back("disk", fmt::to_string(*written));
        if (const auto traffic = desks_.find_traffic(usage.id)) {
            fields.emplace_back("received", fmt::to_string(traffic->received));
            fields.emplace_back("sent", fmt::to_string(traffic->sent));
        }
        answer(number, std::move(fields));
    }
    void operator()(std::uint64_t number, const wire::Change& change) {
        wire::Fields fields;
        for (auto& warning : desks_.change(change)) fields.emplace_back("warning", std::move(warning));
        answer(number, std::move(fields));
    }
    void operator()(std::uint64_t number, const wire::ListWorkspaces& list) {
        const auto folder = plan::workspaces_folder(desks_.facts(), list.owner);
        // Nobody who has none has a folder.
        if (::access(folder.c_str(), F_OK) < 0) return answer(number, {});
        stream(number, readers_.list(list.owner, folder));
    }
    void operator()(std::uint64_t number, const wire::ReadWorkspace& read) {
        stream(number, readers_.archive(read.owner, desks_.find_workspace(read.owner, read.name)));
    }
    void operator()(std::uint64_t number, const wire::DeleteWorkspace& removal) {
        desks_.remove_workspace(removal.owner, removal.name);
        answer(number, {});
        start_cleaner();
    }
    void operator()(std::uint64_t number, const wire::List&) {
        wire::Fields fields;
        for (const auto& [id, state] : desks_.list()) fields.emplace_back(id, state);
        answer(number, std::move(fields));
    }
    void operator()(std::uint64_t number, const wire::Doctor&) {
        const auto& facts = desks_.facts();
        wire::Fields fields{{"hierarchies", cgroup::format_hierarchies(facts.hierarchies)},
                            {"overlay_by_descriptor", facts.overlay_by_descriptor ? "yes" : "no"},
                            {"clone_into_cgroup", facts.clone_into_cgroup ? "yes" : "no"},
                            {"internet", facts.has_internet ? "yes" : "no"},
                            {"freezer", can_freeze(facts) ? "yes" : "no"},
                            {"own_disks", facts.own_disks ? "yes" : "no"},
                            {"desk_hash", facts.desk_hash}};
        for (const auto& warning : warnings_) fields.emplace_back("warning", warning);
        answer(number, std::move(fields));
    }

    /// Takes up what an earlier jail left, and finishes what it did not.
    void take_up() {
        desks::remove_strays(desks_.facts());
        desks_.remember();
        desks_.resume_network();
        start_cleaner();
    }
    void close() {
        cgroup::close_hierarchies(desks_.facts().hierarchies);
        desks_.close_network();
    }

private:
    struct PendingStop {
        std::uint64_t number;
        desks::Stopping stopping;
        int attempts = 0;
    };

    bool take_request() {
        std::array<char, wire::longest_request + 1> buffer;
        const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        if (count < 0 && errno != ECONNRESET) throw core::system_error("receive a request", errno);
        if (count <= 0) return false;
        const std::string_view text{buffer.data(), static_cast<std::size_t>(count)};
        const auto request = wire::parse_request(text);
        if (!request) {
            refuse(wire::number_of(text), request.error());
            return true;
        }
        const auto number = request->number;
        try {
            std::visit([&](const auto& what) { (*this)(number, what); }, request->what);
        } catch (const Error& error) {
            refuse(number, error);
        } catch (const std::exception& error) {
            refuse(number, Error{Code::internal, error.what()});
        }
        return true;
    }

    void answer(std::uint64_t number, wire::Fields fields) {
        send_reply(socket_, {{number, std::nullopt, std::move(fields)}});
    }
    void refuse(std::uint64_t number, const Error& error) { send_reply(socket_, {{number, error, {}}}); }
    void stream(std::uint64_t number, const Fd& output) {
        send_reply(socket_, {{number, std::nullopt, {{"stream", "yes"}}}, {output.get(), -1, -1, -1, -1}});
    }
    void hand_over(std::uint64_t number, const desks::Handed& desk) {
        Reply reply{{number, std::nullopt, describe(desk)}, {desk.process.get(), -1, -1, -1, -1}};
        auto next = reply.descriptors.begin() + 1;
        for (const auto* watched : {&desk.memory, &desk.processes, &desk.disk, &desk.workspace})
            if (watched->fd) *next++ = watched->fd.get();
        send_reply(socket_, reply);
    }

    /// Answers every stop whose desk is dead and gone.
    void finish_stops() {
        for (auto& stop : stops_) {
            if (!stop.stopping.is_dead) stop.stopping.is_dead = process::has_ended(stop.stopping.process);
            if (stop.stopping.is_dead) finish(stop);
        }
        if (std::erase_if(stops_, [](const auto& stop) { return stop.attempts < 0; }) > 0) start_cleaner();
    }

    void finish(PendingStop& stop) {
        try {
            if (!desks_.finish_stop(stop.stopping)) {
                const bool is_flushing = stop.stopping.is_flushing;
                if (++stop.attempts < (is_flushing ? 60'000 : 1'000)) return;
                if (is_flushing) throw Error{Code::timeout, "its disk is still being written down"};
                throw Error{Code::conflict,
                            fmt::format("a cgroup of {} still has processes", stop.stopping.id)};
            }
            answer(stop.number, {});
        } catch (const Error& error) {
            refuse(stop.number, Error{error}.during("removing desk " + stop.stopping.id));
        }
        stop.attempts = -1;
    }

    /// Groups that the kernel has not let go of send no event: look again after a moment. Nor does a disk
    /// that becomes full.
    int pause() const {
        const bool is_waiting =
            std::ranges::any_of(stops_, [](const auto& stop) { return stop.stopping.is_dead; });
        if (is_waiting) return 1;
        if (!desks_.have_disks_to_watch()) return -1;
        const auto left = next_look_ - std::chrono::steady_clock::now();
        return std::max(1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    }

    void look_at_disks() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_look_) return;
        next_look_ = now + between_looks;
        desks_.look_at_disks();
    }

    void start_cleaner() {
        if (cleaner_ >= 0) return;
        cleaner_ = desks::empty_trash(desks_.facts().data);
        if (cleaner_ >= 0) cleaner_end_ = process::find_process(cleaner_);
    }
    void reap_cleaner() {
        int status = 0;
        if (cleaner_ < 0 || ::waitpid(cleaner_, &status, WNOHANG) != cleaner_) return;
        cleaner_ = -1;
        cleaner_end_.reset();
        if (status != 0) {
            core::log_warning("some files of ended desks could not be deleted; the next end tries again");
            return;
        }
        // What came into the trash meanwhile.
        start_cleaner();
    }

    /// At all desks' disks: a microsecond each.
    static constexpr std::chrono::seconds between_looks{2};

    int socket_;
    disks::Stock& stock_;
    std::chrono::steady_clock::time_point next_look_;
    std::vector<core::Fd> held_groups_;
    std::vector<std::string> warnings_;
    desks::Desks desks_;
    workspaces::Readers readers_{find_place};
    std::list<PendingStop> stops_;
    pid_t cleaner_ = -1;
    Fd cleaner_end_;
};

}  // namespace

void serve(const ServeOptions& options) {
    checked("use --socket", ::fcntl(options.socket, F_SETFD, FD_CLOEXEC));
    ::signal(SIGPIPE, SIG_IGN);
    auto host = host::open_host(options.host);
    disks::Stock stock{host::scratch_folder(host.facts.data)};
    const auto fault = stock.find_fault(core::Limits{}.disk);
    host.facts.own_disks = !fault;
    host.facts.workspace_disk = options.workspace_disk;
    host.facts.most_workspaces = options.most_workspaces;
    if (fault) host.warnings.push_back(no_disks(*fault));
    for (const auto& warning : host.warnings) core::log_warning("{}", warning);
    Server server{options.socket, std::move(host), stock};
    server.take_up();
    server.run();
    server.close();
}

}  // namespace carrel::jail
