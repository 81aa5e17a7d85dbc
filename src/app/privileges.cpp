#include "app/privileges.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "core/landlock.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"

namespace carrel::app {

namespace {

/// Where the jail finds its end of the socket pair.
constexpr int jail_socket = 3;
/// All connections that net::Server takes, each with one to its desk, and what twenty desks are watched by.
constexpr rlim_t enough_descriptors = 2048;

[[noreturn]] void run_jail(const std::vector<std::string>& words, int socket) {
    // Ctrl-C in a terminal reaches the whole process group: the jail ends with us, not before us.
    ::setsid();
    if (socket == jail_socket)
        ::fcntl(socket, F_SETFD, 0);
    else
        ::dup2(socket, jail_socket);
    ::close_range(jail_socket + 1, ~0u, 0);
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

/// Many desks, many viewers: as many descriptors as we may have. Too few are said so at the start, where
/// somebody looks; later they are connections that are dropped and desks that do not start.
void raise_descriptors() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < enough_descriptors)
        core::log_warning(
            "the server may hold only {} descriptors, which is too small for many desks and viewers: give it "
            "{} (ulimit -Hn, LimitNOFILE)",
            files.rlim_max, enough_descriptors);
}

}  // namespace

JailProcess start_jail(const Config& config, const DataDirectory& data, const User& user) {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    for (const auto* program : {"carrel-jail", "carrel-desk"})
        if (!std::filesystem::exists(here / program))
            throw core::Error{core::Code::unavailable,
                              fmt::format("{} is missing beside carrel in {}", program, here.string())};
    int ends[2];
    core::checked("make a socket pair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    core::Fd ours{ends[0]};
    const core::Fd theirs{ends[1]};
    const std::vector<std::string> words{(here / "carrel-jail").string(),
                                         "serve",
                                         "--socket",
                                         std::to_string(jail_socket),
                                         "--data",
                                         data.path(),
                                         "--uid-base",
                                         std::to_string(config.uid_base),
                                         "--carrel-uid",
                                         std::to_string(user.uid),
                                         "--carrel-gid",
                                         std::to_string(user.gid),
                                         "--desk-binary",
                                         (here / "carrel-desk").string(),
                                         "--workspace-disk",
                                         std::to_string(config.workspace_disk),
                                         "--most-workspaces",
                                         std::to_string(config.workspaces_per_user)};
    const pid_t pid = core::checked("fork", ::fork());
    if (pid == 0) run_jail(words, theirs.get());
    core::Fd pidfd{static_cast<int>(core::checked("pidfd_open", ::syscall(SYS_pidfd_open, pid, 0)))};
    return {std::move(ours), std::move(pidfd)};
}

void become(const User& user) {
    raise_descriptors();

    // What the kernel has beyond its last capability it refuses with EINVAL: that is the end.
    for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
    }
    core::checked("leave root's groups", ::setgroups(0, nullptr));
    core::checked("become the group carrel", ::setresgid(user.gid, user.gid, user.gid));
    // All three ids at once: this empties the capability sets too (capabilities(7)).
    core::checked("become the user carrel", ::setresuid(user.uid, user.uid, user.uid));
    core::checked("give up new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    // Keys of models are in our memory: no other process of this user may read it.
    core::checked("become undumpable", ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

void wall_in(const std::string& data, const std::string& model_keys) {
    using Access = core::Place::Access;
    const auto own = data + "/server";
    // What SQLite sorts and does not hold in memory: /tmp is out of reach.
    ::setenv("SQLITE_TMPDIR", own.c_str(), 0);
    // Images may be links to another directory's; to start a desk their names are enough.
    std::vector<core::Place> places{{own, Access::change},
                                    {data + "/logs", Access::change},
                                    {data + "/images", Access::read},
                                    {"/dev/null", Access::change},
                                    {"/", Access::list}};
    // Certificates, how names are found, and libc's modules for that.
    for (const char* path : {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/resolvconf",
                             "/run/NetworkManager", "/sys/devices/system/cpu", "/dev/urandom"})
        places.push_back({path});
    // Links to elsewhere on many systems, and replaced there while we run.
    for (const char* path : {"/etc/resolv.conf", "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt",
                             "/etc/ssl/ca-bundle.pem"}) {
        std::error_code none;
        const auto real = std::filesystem::canonical(path, none);
        if (!none) places.push_back({real.parent_path()});
    }
    for (const char* variable : {"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"})
        if (const char* path = ::getenv(variable)) places.push_back({path});
    places.push_back({model_keys});
    core::confine({.places = std::move(places)});
}

}  // namespace carrel::app
