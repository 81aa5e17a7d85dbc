#include "jail/desks/make.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "core/sys.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/desks/inside.hpp"
#include "jail/desks/kept.hpp"
#include "jail/desks/layer.hpp"
#include "jail/desks/mounts.hpp"
#include "jail/desks/workspace.hpp"
#include "jail/disks/disk.hpp"
#include "jail/host/data.hpp"
#include "jail/host/nodes.hpp"
#include "jail/process/channel.hpp"
#include "jail/process/clone.hpp"
#include "jail/process/deadline.hpp"
#include "jail/process/pidfd.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;
using Clock = std::chrono::steady_clock;

/// A start takes milliseconds; a disk that hangs must not stop the jail for ever.
constexpr std::chrono::seconds longest_start{10};
/// From a process's last word until its end is seen.
constexpr std::chrono::seconds longest_end{1};

Fd listen_at(const plan::step::Listen& s) {
    Fd socket{checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const std::filesystem::path path{s.path};
    // By the folder's descriptor: a socket's address has room for 107 bytes only.
    const Fd folder = core::open_file(path.parent_path(), O_PATH | O_DIRECTORY);
    const auto name = path.filename().string();
    const auto short_path = fmt::format("/proc/self/fd/{}/{}", folder.get(), name);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    short_path.copy(address.sun_path, sizeof address.sun_path - 1);
    checked("bind " + s.path, ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    // Only root can write in this folder, so the name still means our socket.
    checked("chmod " + s.path, ::fchmodat(folder.get(), name.c_str(), 0600, 0));
    checked("chown " + s.path, ::fchownat(folder.get(), name.c_str(), s.uid, s.gid, AT_SYMLINK_NOFOLLOW));
    checked("listen at " + s.path, ::listen(socket.get(), endpoint_backlog));
    return socket;
}

/// The folder is the server's too: a file of an earlier desk of that id goes, and no link is followed.
Fd make_log(const plan::step::LogFile& s) {
    if (::unlink(s.path.c_str()) < 0 && errno != ENOENT) throw core::system_error("remove " + s.path, errno);
    auto file = core::open_file(s.path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0640);
    checked("chown " + s.path, ::fchown(file.get(), 0, s.gid));
    checked("chmod " + s.path, ::fchmod(file.get(), 0640));
    checked("size " + s.path, ::ftruncate(file.get(), static_cast<off_t>(s.size)));
    return file;
}

class Making {
public:
    Making(const plan::Plan& plan, const wire::Spec& spec, const plan::HostFacts& facts, const Filter& filter,
           disks::Stock& stock)
        : plan_{plan}, facts_{facts}, filter_{filter}, stock_{stock}, keeps_disk_{spec.has_kept_files} {
        made_.identity = Identity{.id = spec.id,
                                  .process = {},
                                  .nonce = spec.nonce,
                                  .slot = spec.slot,
                                  .uid_base = facts.first_id,
                                  .image = spec.image,
                                  .image_hash = spec.image_hash,
                                  .network = std::string{name_of(spec.network)},
                                  .interface = network::interface_of(spec.network, facts.first_id),
                                  .desk_hash = facts.desk_hash,
                                  .groups = cgroup::format_hierarchies(facts.hierarchies),
                                  .workspace = spec.workspace ? name_of(*spec.workspace) : "",
                                  .disk = spec.limits.disk,
                                  .disk_way = spec.limits.disk > 0 ? disk_watched : ""};
        made_.warnings = plan.warnings;
    }
    ~Making() {
        if (made_.process && !is_done_) kill();
        if (is_done_) return;
        keeps_disk_ ? stock_.put_away(std::move(made_.disk)) : stock_.drop(std::move(made_.disk));
    }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;

    Made finish() {
        try {
            for (const auto& step : plan_.steps)
                if (const auto* ours = std::get_if<plan::HostStep>(&step)) std::visit(*this, *ours);
        } catch (const core::Error&) {
            // Whatever a step met in the place of a process that is no more.
            if (const auto signal = find_killer())
                throw core::Error{core::Code::unavailable,
                                  fmt::format("its first process was killed by signal {}", *signal),
                                  "killed"};
            throw;
        }
        is_done_ = true;
        return std::move(made_);
    }

    void operator()(const plan::step::Folder& s) {
        checked("make " + s.path, ::mkdir(s.path.c_str(), s.mode));
        layer_ = core::open_file(s.path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
        note("files");
    }
    void operator()(const plan::step::Disk& s) {
        try {
            auto disk = stock_.take(s.room);
            disks::name_file(disk.file, s.file);
            made_.disk = std::move(disk.mount);
            use_disk();
        } catch (const core::Error& error) {
            // What was promised holds, or there is no desk.
            throw disks::no_disk("it", error);
        }
        note("disk");
    }
    void operator()(const plan::step::TakeFolder& s) {
        take_files(facts_, s.id);
        layer_ = core::open_file(plan::desk_folder(facts_, s.id), O_PATH | O_DIRECTORY | O_NOFOLLOW);
        note("files");
    }
    void operator()(const plan::step::KeptDisk& s) {
        // In use only for a moment, after a start that failed.
        const process::Deadline deadline{longest_end};
        while (disks::is_in_use(s.file)) deadline.pause("writing its disk down");
        made_.disk = disks::mount_again(s.file);
        use_disk();
        note("disk");
    }
    void operator()(const plan::step::ClearLayer& s) {
        clear_layer(layer_.get(), s.path);
        note("files");
    }
    void operator()(const plan::step::LayerFolder& s) {
        make_layer_folder(layer_.get(), s.path);
        note("files");
    }
    void operator()(const plan::step::TextFile& s) {
        write_layer_file(layer_.get(), s.path, s.text);
        note("files");
    }
    void operator()(const plan::step::Listen& s) {
        endpoint_ = listen_at(s);
        note("endpoint");
    }
    void operator()(const plan::step::LogFile& s) {
        log_ = make_log(s);
        note("log");
    }
    void operator()(const plan::step::Group& s) {
        cgroup::make_group(s.folder);
        note("groups");
    }
    void operator()(const plan::step::Setting& s) {
        or_warn(s.without, [&] { core::write_existing(s.file, s.value); });
        note("groups");
    }
    void operator()(const plan::step::Nodes& s) {
        nodes_ = host::make_nodes(s);
        note("devices");
    }
    void operator()(const plan::step::Clone& s) {
        const auto path = plan::desk_binary(facts_, facts_.desk_hash);
        const auto program = core::open_file(path, O_PATH | O_NOFOLLOW);
        auto [ours, theirs] = process::make_channel();
        auto cloned = process::clone_process(s);
        if (cloned.pid == 0)
            run_inside(plan_,
                       {theirs.get(), endpoint_.get(), log_.get(), program.get(), nodes_.get(), &filter_});
        nodes_.reset();
        made_.process = std::move(cloned.process);
        pid_ = cloned.pid;
        channel_ = std::move(ours);
        note("clone");
    }
    void operator()(const plan::step::MapIds& s) {
        process::map_ids(s, pid_);
        note("ids");
    }
    void operator()(const plan::step::Expendable& s) {
        core::write_existing(fmt::format("/proc/{}/oom_score_adj", pid_), fmt::to_string(s.score));
    }
    void operator()(const plan::step::Overlay& s) {
        const auto ns = core::open_file(fmt::format("/proc/{}/ns/user", pid_), O_RDONLY);
        layer_.reset();
        root_ = mount_overlay(s, ns.get(), made_.disk, host::scratch_folder(facts_.data));
        note("overlay");
    }
    void operator()(const plan::step::SendRoot&) {
        tell("root", root_.get());
        root_.reset();
        note("overlay");
    }
    void operator()(const plan::step::SendTree& s) {
        const auto ns = core::open_file(fmt::format("/proc/{}/ns/user", pid_), O_RDONLY);
        const auto tree = open_part(s, ns.get(), facts_);
        tell("tree", tree.get());
        note("workspace");
    }
    void operator()(const plan::step::ConnectNetwork& s) {
        network::connect(s, pid_);
        note("network");
    }
    void operator()(const plan::step::Attach& s) {
        or_warn(s.without, [&] { core::write_existing(s.group + "/cgroup.procs", fmt::to_string(pid_)); });
        note("attach");
    }
    void operator()(const plan::step::Record& s) {
        made_.identity.process = identify(pid_);
        write_identity(s.path, made_.identity);
        note("record");
    }
    void operator()(const plan::step::LetGo&) {
        tell("go");
        process::Deadline{longest_start}.wait_for(channel_.get(), POLLIN, "setting up inside");
        if (const auto packet = process::receive_packet(channel_.get()))
            throw process::parse_failure(packet->text);
        note("inside");
        require_alive();
    }

private:
    void use_disk() {
        layer_ = made_.disk.duplicate();
        made_.identity.disk_way = disk_own;
    }

    template <class Action>
    void or_warn(const std::string& without, Action action) {
        try {
            action();
        } catch (const core::Error& error) {
            if (!without.empty()) made_.warnings.push_back(fmt::format("{}: {}", without, error.message()));
        }
    }

    void tell(const std::string& word, int fd = -1) {
        try {
            process::send_packet(channel_.get(), word, fd);
        } catch (const core::Error&) {
            // It has failed already, and said why before it went.
            if (const auto packet = process::receive_packet(channel_.get()))
                throw process::parse_failure(packet->text);
            throw;
        }
    }

    /// Adds the time since the last note to `what`.
    void note(std::string_view what) {
        const auto now = Clock::now();
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - last_);
        last_ = now;
        if (made_.took.empty() || made_.took.back().first != what)
            made_.took.emplace_back(what, took);
        else
            made_.took.back().second += took;
    }

    /// The channel also closes when the process is killed before its program runs.
    void require_alive() {
        if (const auto info = look_for_end(); info.si_pid != 0)
            throw core::Error{core::Code::internal,
                              fmt::format("its first process ended at once with status {}", info.si_status)};
    }

    /// The signal, when that has ended the process.
    std::optional<int> find_killer() {
        if (!made_.process) return std::nullopt;
        // One that is being killed closes the channel first.
        pollfd channel{channel_.get(), 0, 0};
        if (::poll(&channel, 1, 0) > 0) {
            pollfd process{made_.process.get(), POLLIN, 0};
            ::poll(&process, 1, static_cast<int>(std::chrono::milliseconds{longest_end}.count()));
        }
        const auto info = look_for_end();
        if (info.si_pid == 0 || info.si_code == CLD_EXITED) return std::nullopt;
        return info.si_status;
    }

    siginfo_t look_for_end() {
        siginfo_t info{};
        ::waitid(P_PIDFD, static_cast<id_t>(made_.process.get()), &info, WEXITED | WNOHANG | WNOWAIT);
        return info;
    }

    void kill() {
        process::send_signal(made_.process, SIGKILL);
        siginfo_t info{};
        ::waitid(P_PIDFD, static_cast<id_t>(made_.process.get()), &info, WEXITED);
    }

    const plan::Plan& plan_;
    const plan::HostFacts& facts_;
    const Filter& filter_;
    disks::Stock& stock_;
    bool keeps_disk_;  ///< what is on it is not only this desk's
    Made made_;
    bool is_done_ = false;
    pid_t pid_ = -1;
    Fd layer_;  ///< until the overlay is mounted
    Fd endpoint_;
    Fd log_;
    Fd nodes_;
    Fd channel_;
    Fd root_;
    Clock::time_point last_ = Clock::now();
};

}  // namespace

Made make_desk(const wire::Spec& spec, const plan::HostFacts& facts, const Filter& filter,
               disks::Stock& stock) {
    try {
        const auto steps = plan::plan_desk(spec, facts);
        return Making{steps, spec, facts, filter, stock}.finish();
    } catch (core::Error& error) {
        throw error.during("making desk " + spec.id);
    }
}

}  // namespace carrel::jail::desks
