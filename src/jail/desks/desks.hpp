// The desks that this jail knows: made by it, or taken up from one before it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jail/cgroup/groups.hpp"
#include "jail/desks/disk_watch.hpp"
#include "jail/desks/make.hpp"
#include "jail/desks/workspace_watch.hpp"
#include "jail/host/network.hpp"
#include "jail/host/ranges.hpp"
#include "jail/wire/messages.hpp"

namespace carrel::jail::desks {

/// How the first process of a desk ended, as far as its parent (we, unless it was adopted) knows.
struct ExitStatus {
    bool was_killed;  ///< by signal `number`; else `number` is its status
    int number;
};

/// A desk as its owner is told of it, with descriptors to pass on.
struct Handed {
    Identity identity;
    core::Fd process;
    cgroup::WatchedGroup memory;
    cgroup::WatchedGroup processes;
    cgroup::WatchedGroup disk;       ///< an eventfd
    cgroup::WatchedGroup workspace;  ///< the same
    bool can_sleep = true;           ///< its files can be kept
    std::vector<std::string> warnings;
    std::vector<std::pair<std::string, std::chrono::microseconds>> took;
};

struct Found {
    std::string id;
    std::string state;  ///< "alive", "asleep", or a sentence that says why not
};

/// What became of a desk that is to be stopped.
struct Stopping {
    std::string id;
    Identity identity;
    core::Fd process;  ///< none when no process lives
    bool is_dead = false;
    bool keeps_files = false;
    bool is_flushing = false;  ///< dead, and its disk is being written down
};

class Desks {
public:
    /// `stock` outlives this.
    Desks(plan::HostFacts facts, host::Ranges ranges, Filter filter, disks::Stock& stock);

    /// Takes note of the living desks of an earlier jail, so that their slots are taken and they can be
    /// asked about. Once, at the start.
    void remember();

    /// Throws conflict when there is a directory of that id, or what make_desk throws; nothing of
    /// the desk is left then.
    Handed start(const wire::Spec& spec);
    /// Throws not_found, or conflict with what is not as identity.json says.
    Handed adopt(const std::string& id);
    std::vector<Found> list() const;

    /// Kills. The desk is to be asked about by finish_stop when the pidfd becomes readable.
    Stopping begin_stop(const std::string& id, bool keeps_files);
    /// Removes what is left, or all but the files. False while the kernel has not let go of its groups, or of
    /// a disk that is kept. Throws when the files cannot be kept; they are where they were then.
    bool finish_stop(Stopping& stopping);

    /// Nothing while the desk lives, or when another process was its parent.
    std::optional<ExitStatus> find_exit_status(const std::string& id);
    std::uint64_t count_memory_kills(const std::string& id) const;
    void set_frozen(const std::string& id, bool frozen) const;
    /// Answers warnings. Throws conflict for what the desk as it is does not allow; see wire::Change.
    std::vector<std::string> change(const wire::Change& change);
    /// The folder of a workspace. Throws not_found.
    std::string find_workspace(const std::string& owner, const std::string& name) const;
    /// Into the trash. Throws not_found, or conflict while a living desk has it.
    void remove_workspace(const std::string& owner, const std::string& name) const;
    /// Nothing of a desk without a network.
    std::optional<network::Traffic> find_traffic(const std::string& id) const;
    cgroup::GroupUsage usage(const std::string& id) const;
    /// Bytes that it has written and not removed, where that is known.
    std::optional<std::uint64_t> find_written(const std::string& id) const;

    bool have_disks_to_watch() const;
    /// Tells owners of the desks whose disks have become full. To be called every now and then.
    void look_at_disks();
    /// Takes what the stock's process has to say.
    void look_at_stock();

    /// Looks after what living desks need on the host; a failure is a warning.
    void resume_network();
    /// Removes it at the end, unless somebody still needs it.
    void close_network() { network_.close(); }

    const plan::HostFacts& facts() const { return facts_; }

private:
    struct Known {
        Identity identity;
        core::Fd process;
        std::optional<ExitStatus> ended = {};
        DiskWatch disk = {};
        WorkspaceWatch files = {};
    };

    void note_host_room();
    bool has_disk_of_workspace(const Known& known) const;
    const Known& get(const std::string& id) const;
    std::vector<cgroup::Hierarchy> hierarchies_of(const Identity& identity) const;
    Handed hand_over(const Known& known) const;
    void abandon(const wire::Spec& spec);
    /// What of `spec` the files say that were kept for it.
    wire::Spec with_kept_files(wire::Spec spec);
    void take_back(const std::string& id);
    bool try_to_keep(Stopping& stopping);
    void forget(const std::string& id);
    static void reap(Known& known);
    void cut_network(Known& known);
    void attach_workspace(Known& known, const wire::Workspace& workspace);
    void record(const Known& known) const;

    plan::HostFacts facts_;
    bool host_is_short_ = false;
    host::Ranges ranges_;
    Filter filter_;
    disks::Stock& stock_;
    host::HostNetwork network_;
    std::map<std::string, Known> known_;
};

}  // namespace carrel::jail::desks
