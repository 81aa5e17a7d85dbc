// The plan of a desk: every step that makes it, in order, on both sides of the clone.
//
// plan_desk() is pure: a spec and the host's facts give the same steps always, and tests keep them as
// text; plan.cpp says why the order is as it is. desks/make.cpp carries out the host's steps,
// desks/inside.cpp the desk's. The two sides run at the same time between `Clone` and `LetGo`; they meet
// where the desk waits: TakeRoot waits for SendRoot, AwaitGo for LetGo.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "jail/network/cable.hpp"
#include "jail/plan/facts.hpp"
#include "jail/process/clone.hpp"
#include "jail/process/user.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::plan {

namespace step {

// --- the host's steps: the jail as root, outside
/// A directory of root on the host; with its parents, which the jail made itself.
struct Folder {
    std::string path;
    mode_t mode;
};
/// A file system for all that the desk writes; without it, that is in the desk's folder.
struct Disk {
    std::uint64_t room;  ///< bytes
    std::string file;    ///< the name that it gets, by which it can outlive the desk
};
/// The folder of a desk that slept, taken over with all that it holds.
struct TakeFolder {
    std::string id;
};
/// The disk in it.
struct KeptDisk {
    std::string file;
};
/// What an earlier desk left at that place of the layer goes.
struct ClearLayer {
    std::string path;
};
/// A directory where the desk's layer is kept, before the desk sees it.
struct LayerFolder {
    std::string path;  ///< from there
};
/// A small file there.
struct TextFile {
    std::string path;
    std::string text;
};
/// The endpoint: a listening Unix socket that belongs to `uid`, in a directory of root.
struct Listen {
    std::string path;
    uid_t uid;
    gid_t gid;
};
/// Of the desk's log: of this size for good, for the desk to write and for `gid` to read (core/desk_log.hpp).
struct LogFile {
    std::string path;
    std::size_t size;  ///< bytes
    gid_t gid;
};
struct Group {
    std::string folder;
};
/// A value written to a group's file. A host that refuses it costs the warning `without`; an empty
/// one says that nobody need hear of it.
struct Setting {
    std::string file;
    std::string value;
    std::string without;
};
/// Device nodes of the desk's own, in a file system that its first process inherits and attaches.
struct Nodes {
    std::vector<std::string> names;  ///< in /dev
    std::uint32_t owner;             ///< the host's uid that is the desk's root
};
using process::Clone;
using process::MapIds;
/// The root file system: an overlay of which all layers hold the image's ids on disk.
struct Overlay {
    std::vector<std::string> lowers;  ///< the upmost first
    std::string folder;               ///< holds upper and work, unless a disk does
    std::uint32_t first_id;
    bool by_descriptor;
};
/// How readily the kernel kills the desk when the whole host runs out of memory (proc(5),
/// oom_score_adj): 0 is ordinary, 1000 first of all.
struct Expendable {
    int score;
};
using ConnectNetwork = network::Connect;
struct SendRoot {};
/// Part of a workspace, made if it is not there, and sent like the root.
struct SendTree {
    std::string folder;    ///< of the workspace: root's
    std::string part;      ///< in it: the agent's
    std::string skeleton;  ///< of which a new part is a copy; "": it begins empty
};
struct Attach {
    std::string group;
    std::string without;
};
/// identity.json: what a later jail recognises this desk by.
struct Record {
    std::string path;
};
struct LetGo {};

// --- the desk's steps: its first process, inside the new namespaces
struct TakeRoot {};
struct BecomeRoot {};
/// A new file system at a place of the new root, which is made if it is missing.
struct Filesystem {
    std::string type;
    std::string at;
    std::vector<std::pair<std::string, std::string>> options;  ///< "" as value: a flag
    std::uint64_t attributes;                                  ///< MOUNT_ATTR_…
};
/// Attaches what Nodes made.
struct PlaceNodes {
    std::string at;
};
/// Attaches what SendTree sent.
struct TakeTree {
    std::string at;
};
/// The host's device node at the same place of the new root, where it can have none of its own.
struct Device {
    std::string path;
};
/// A file or folder of the kernel's that reads as empty; one that this kernel does not have is passed over.
struct Hide {
    std::string path;
};
/// Part of a file system that nobody may write any more.
struct ReadOnly {
    std::string path;
};
struct Link {
    std::string path;
    std::string target;
};
struct InnerFolder {
    std::string path;
    mode_t mode;
    uid_t owner;
};
struct Pivot {};
struct Hostname {
    std::string name;
};
using ConfigureNetwork = network::Configure;
/// A value for a file of the desk's /proc; one that this kernel does not have is passed over.
struct KernelValue {
    std::string path;
    std::string value;
};
using process::ResourceLimit;
struct AwaitGo {};
/// From here on the desk sees its groups as the top.
struct HideGroups {};
struct DropCapabilities {};
using process::BecomeUser;
/// Its own, and empty: whoever started the server may hold keys in the one that would be inherited.
struct NewKeyring {};
struct NoNewPrivileges {};
struct FilterCalls {};
struct Run {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
};

}  // namespace step

using HostStep =
    std::variant<step::Folder, step::TakeFolder, step::Disk, step::KeptDisk, step::ClearLayer,
                 step::LayerFolder, step::TextFile, step::Listen, step::LogFile, step::Group, step::Setting,
                 step::Nodes, step::Clone, step::MapIds, step::Overlay, step::Expendable, step::SendRoot,
                 step::SendTree, step::ConnectNetwork, step::Attach, step::Record, step::LetGo>;
using DeskStep =
    std::variant<step::TakeRoot, step::BecomeRoot, step::Filesystem, step::PlaceNodes, step::TakeTree,
                 step::Device, step::Hide, step::ReadOnly, step::Link, step::InnerFolder, step::Pivot,
                 step::Hostname, step::ConfigureNetwork, step::KernelValue, step::ResourceLimit,
                 step::AwaitGo, step::HideGroups, step::DropCapabilities, step::BecomeUser, step::NewKeyring,
                 step::NoNewPrivileges, step::FilterCalls, step::Run>;
using Step = std::variant<HostStep, DeskStep>;

/// Of a desk that should have a limit of what it writes, and has no disk of its own.
inline constexpr const char* soft_disk_warning =
    "the limit of its disk is soft: what it writes is measured from time to time and told of, not stopped";

struct Plan {
    std::vector<Step> steps;
    std::vector<std::string> warnings;  ///< what this host cannot give, known beforehand
};

/// Throws unavailable for a network that the host does not offer; `spec` has passed judge().
Plan plan_desk(const wire::Spec& spec, const HostFacts& facts);

/// A part of a workspace, and where a desk finds it.
struct WorkspacePart {
    step::SendTree tree;
    std::string at;
};
/// `spec` names the image, whose undermost layer holds the skeleton of a home.
std::vector<WorkspacePart> workspace_parts(const wire::Workspace& workspace, const wire::Spec& spec,
                                           const HostFacts& facts);

/// One line a step, "host" or "desk" before it.
std::string to_text(const Plan& plan);

/// Places below the data directory; the only ones where the jail makes or removes anything.
std::string desk_folder(const HostFacts& facts, const std::string& id);
/// Where the files of a desk are that sleeps.
std::string kept_folder(const HostFacts& facts, const std::string& id);
/// Its own file system, in one of both.
std::string disk_file(const std::string& folder);
std::string endpoint_path(const HostFacts& facts, const std::string& id);
std::string log_path(const HostFacts& facts, const std::string& id);
/// The read-only layers of the desk's image, the upmost first; all below `data`/images.
std::vector<std::string> image_roots(const HostFacts& facts, const wire::Spec& spec);
/// What the jail reads of the image (wire::parse_image_facts).
std::string image_facts_path(const HostFacts& facts, const wire::Spec& spec);
std::string workspaces_folder(const HostFacts& facts, const std::string& owner);
std::string workspace_folder(const HostFacts& facts, const wire::Workspace& workspace);
std::string desk_binary(const HostFacts& facts, const std::string& hash);

}  // namespace carrel::jail::plan
