// What makes desks. The fleet knows only these two interfaces.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "core/desk_log.hpp"
#include "core/desk_shape.hpp"
#include "net/http.hpp"

namespace carrel::fleet {

using async::Task;

/// Files of a principal's that outlive desks: a desk finds them at /workspace. They begin with their first
/// use.
struct WorkspaceUse {
    std::string principal;
    std::string name;   ///< [a-z0-9][a-z0-9._-]{0,63}
    bool home = false;  ///< it holds the desk's HOME, too
    bool operator==(const WorkspaceUse&) const = default;
};

/// All that is said about a desk that shall be made.
struct DeskSpec {
    std::string id;            ///< "desk_" + 12 hex
    unsigned reservation = 0;  ///< of Driver::reserve
    core::DeskShape shape;
    std::string nonce;  ///< 32 hex; the desk proves itself with it in GET /hello
    /// Whether other desks have it at the same time is the caller's to decide.
    std::optional<WorkspaceUse> workspace = {};
    bool has_kept_files = false;  ///< those that put_to_sleep kept under this id
};

/// What a driver can do on this host, and what it cannot and why.
struct Capabilities {
    std::string driver;     ///< "native"
    bool can_start = true;  ///< false: `warnings` say why
    bool has_internet = true;
    bool can_freeze = true;
    std::vector<std::string> warnings;  ///< sentences, such as a missing memory limit
};

/// How a desk came to an end, as its user is told.
struct Ending {
    std::string code;    ///< "stopped", "killed", "out_of_memory", "tool_server_failed"
    std::string reason;  ///< a sentence
};

/// What a program of a desk tells whoever looks at it: text without control characters, of bounded length.
struct Notification {
    std::string app;
    std::string summary;
    std::string body;     ///< it may have lines
    std::string urgency;  ///< "low", "normal" or "critical"
};

/// Pixels.
struct ScreenSize {
    int width = 0;
    int height = 0;
};

/// A fact about a living desk that its session should hear of.
struct Notice {
    std::string code;  ///< "out_of_memory", "out_of_processes", "disk_full", "workspace_full"
    std::string message;
    std::optional<Notification> notification = {};  ///< of code "notification", which has no message
    std::optional<ScreenSize> screen = {};          ///< of code "screen", which has none either
};

/// What a desk uses now; what is not counted on this host is absent.
struct Usage {
    std::optional<std::uint64_t> memory;                      ///< bytes
    std::optional<std::uint64_t> processes;                   ///< and threads
    std::optional<std::chrono::microseconds> processor_time;  ///< since its start
    std::optional<std::uint64_t> disk = {};                   ///< bytes that it has written and not removed
    std::optional<std::uint64_t> received = {};               ///< bytes by its network, since its start
    std::optional<std::uint64_t> sent = {};
};

/// What of a running desk shall be otherwise; what is absent stays as it is.
struct DeskChange {
    std::optional<core::Limits> limits = {};
    std::optional<core::Network> network = {};  ///< only ever taken away, see Desk::change
    std::optional<WorkspaceUse> workspace = {};
};

/// A desk that runs. Destroying this object lets the desk run on.
class Desk {
public:
    virtual ~Desk() = default;
    virtual const std::string& id() const = 0;
    /// Its tool server, wherever that listens. It may be held longer than the desk lives; calls fail with
    /// Error{unavailable} then (see net::Tunnel).
    virtual std::shared_ptr<net::Handler> endpoint() const = 0;
    /// Warnings of its start, such as "no limit of memory: …".
    virtual const std::vector<std::string>& warnings() const = 0;
    /// Whether put_to_sleep can keep its files: not those of some desks that an older version made.
    virtual bool can_sleep() const = 0;
    /// Returns when the desk has ended. Cancellable; at most one caller.
    virtual Task<Ending> ended() = 0;
    /// Tells every fact (the kernel killed a process for memory, …) until nothing more can come.
    /// Cancellable; one caller.
    virtual Task<> tell_notices(std::function<void(Notice)> tell) = 0;
    /// Stops every process of it where it is, and lets them go on; each returns when the kernel says that all
    /// are. Frozen ones use no processor, keep their memory and answer nothing. Fine when they are so
    /// already. Throws unavailable where Capabilities::can_freeze is false.
    virtual Task<> freeze() = 0;
    virtual Task<> thaw() = 0;
    virtual Task<Usage> usage() = 0;
    /// Also of a frozen desk. What the desk was told of itself at its start (its environment) does not
    /// change. Throws conflict for a network where there was none, for less memory than the desk holds and
    /// cannot give back, and when it has ended. What was changed before a failure stays changed.
    /// So it is for a second workspace. Programs that run keep the folders that they are in, as /home/agent
    /// below a workspace's.
    virtual Task<> change(DeskChange change) = 0;
    /// Ends every process of it, frozen ones too; returns when all are dead and nothing of the desk is left
    /// on the host but files that are being removed.
    virtual Task<> stop() = 0;
};

/// What adoption found under an id.
struct Adoption {
    std::string id;
    std::string nonce;           ///< of identity.json; the fleet compares it with its row and GET /hello
    std::unique_ptr<Desk> desk;  ///< null when it is not what identity.json says
    std::string why_not;         ///< a sentence then
};

/// What the programs of desks said. A desk's log is kept when the desk ends, and begun before its first
/// program runs. May be asked from any thread; each call looks at files, so not from the loop's.
class DeskLogs {
public:
    virtual ~DeskLogs() = default;
    /// The text in it is cleaned, but a desk's all the same. Empty when there is none.
    virtual core::DeskLog read(const std::string& desk) const = 0;
    /// Fine when there is none.
    virtual void remove(const std::string& desk) const = 0;
    /// Of which desks there are logs.
    virtual std::vector<std::string> list() const = 0;
};

struct Workspace {
    std::string name;
    std::uint64_t bytes = 0;  ///< on disk
    std::uint64_t files = 0;
    std::chrono::system_clock::time_point modified;  ///< the newest change of any file
    std::optional<std::uint64_t> quota = {};         ///< bytes that fit; none: as many as the host has
};

/// Files of principals that outlive desks; see WorkspaceUse.
class Workspaces {
public:
    virtual ~Workspaces() = default;
    /// By name.
    virtual Task<std::vector<Workspace>> list(std::string principal) = 0;
    /// All of it as tar: below "workspace/", and its home below "home/". Throws not_found.
    virtual Task<std::unique_ptr<net::Source>> archive(std::string principal, std::string name) = 0;
    /// Throws not_found, or conflict ("workspace_in_use") while a living desk has it.
    virtual Task<> remove(std::string principal, std::string name) = 0;
};

/// What a driver has on the host.
struct OnHost {
    std::vector<std::string> desks;   ///< alive or not
    std::vector<std::string> asleep;  ///< of which only files are kept
};

class Driver {
public:
    virtual ~Driver() = default;
    virtual Capabilities describe() = 0;

    /// Sets aside whatever a new desk must not share with another, and answers the number by which the driver
    /// knows it again. Nobody else gets it until release(), however the desk fares.
    virtual unsigned reserve() = 0;
    /// What an earlier server reserved for a desk of which something may still exist. Before any reserve().
    virtual void keep_reserved(unsigned reservation) = 0;
    /// Nothing is left of the desk, and its row says so.
    virtual void release(unsigned reservation) = 0;

    /// Throws Error with a sentence; nothing is left behind then, but files that were kept, as they were.
    virtual Task<std::unique_ptr<Desk>> start(DeskSpec spec) = 0;
    /// Every desk on the host that this driver made with this data directory.
    virtual Task<OnHost> list() = 0;
    /// Checks that the desk is the one that was started under this id, and takes it over.
    virtual Task<Adoption> adopt(std::string id) = 0;
    /// Whether a desk that is made now would be made of the same image and program.
    virtual bool is_current(const Desk& desk) = 0;
    /// Removes whatever exists under that id, kept files too; fine when nothing does.
    virtual Task<> remove(std::string id) = 0;
    /// Ends every process of the desk and keeps its files, and nothing else of it, for a start with
    /// has_kept_files or until remove(). Fine when they are kept already. With the reason "nothing_to_keep"
    /// it throws that there are none that could be; whatever there is, is left then.
    virtual Task<> put_to_sleep(std::string id) = 0;

    virtual const DeskLogs& logs() const = 0;
    virtual Workspaces& workspaces() = 0;
};

}  // namespace carrel::fleet
