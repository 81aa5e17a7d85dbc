#include "core/landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "core/fd.hpp"
#include "core/sys.hpp"

namespace carrel::core {

namespace {

// linux/landlock.h, of which Debian 12 has version 2 only; the kernel's numbers do not change.
constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;
constexpr std::uint32_t ask_version = 1;
enum : std::uint64_t {
    execute = 1 << 0,
    write_file = 1 << 1,
    read_file_ = 1 << 2,
    read_directory = 1 << 3,
    make_device = 1 << 6 | 1 << 11,
    make_socket = 1 << 9,
    make_link = 1 << 12,
    move = 1 << 13,      // version 2
    truncate = 1 << 14,  // version 3
    control = 1 << 15,   // ioctl of devices: version 5
    connect_port = 1 << 1,
    any_port = 1 << 0 | connect_port,
    any_scope = 1 << 0 | 1 << 1  // abstract sockets of others, signals to others
};
constexpr std::uint64_t of_files = execute | write_file | read_file_ | truncate | control;
constexpr std::uint32_t rule_of_place = 1, rule_of_port = 2;

struct Ruleset {
    std::uint64_t files;
    std::uint64_t ports;
    std::uint64_t scopes;
};
struct [[gnu::packed]] PlaceRule {
    std::uint64_t allowed;
    std::int32_t parent;
};
struct PortRule {
    std::uint64_t allowed;
    std::uint64_t port;
};

/// What the kernel of that version can forbid of `walls`.
Ruleset judged_by(int version, const Walls& walls) {
    constexpr std::uint64_t first = move - 1;
    Ruleset rules{first, 0, 0};
    if (version >= 2) rules.files |= move;
    if (version >= 3) rules.files |= truncate;
    if (version >= 5) rules.files |= control;
    if (version >= 4 && walls.ports) rules.ports = any_port;
    if (version >= 6) rules.scopes = any_scope;
    return rules;
}

void allow_place(const Fd& ruleset, std::uint64_t known, const Place& place) {
    const Fd parent{::open(place.path.c_str(), O_PATH | O_CLOEXEC)};
    struct stat status;
    if (!parent || ::fstat(parent.get(), &status) < 0) return;
    std::uint64_t allowed = read_directory;
    if (place.access == Place::Access::read) allowed |= read_file_;
    if (place.access == Place::Access::change)
        allowed = known & ~(execute | make_device | make_socket | make_link | control);
    if (!S_ISDIR(status.st_mode)) allowed &= of_files;
    const PlaceRule rule{allowed, parent.get()};
    checked("Landlock: allow " + place.path, ::syscall(add_rule, ruleset.get(), rule_of_place, &rule, 0));
}

}  // namespace

int landlock_version() {
    const auto version = ::syscall(create_ruleset, nullptr, 0, ask_version);
    return static_cast<int>(std::max(version, 0L));
}

bool confine(const Walls& walls) {
    const int version = landlock_version();
    if (version == 0) return false;
    const auto rules = judged_by(version, walls);
    // Older kernels take a shorter one, or a longer one that ends with zeros.
    const Fd ruleset{static_cast<int>(
        checked("Landlock: make rules", ::syscall(create_ruleset, &rules, sizeof rules, 0)))};
    for (const auto& place : walls.places) allow_place(ruleset, rules.files, place);
    if (rules.ports != 0)
        for (const auto port : *walls.ports) {
            const PortRule rule{connect_port, port};
            checked("Landlock: allow a port", ::syscall(add_rule, ruleset.get(), rule_of_port, &rule, 0));
        }
    checked("Landlock: take effect", ::syscall(restrict_self, ruleset.get(), 0));
    return true;
}

}  // namespace carrel::core
