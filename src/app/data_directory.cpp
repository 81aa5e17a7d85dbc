#include "app/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

/// A directory of that owner and mode, whatever was there; a link is refused.
void make_directory(const std::string& path, const User& owner, mode_t mode) {
    if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) throw core::system_error("make " + path, errno);
    const core::Fd directory = core::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    core::checked("chown " + path, ::fchown(directory.get(), owner.uid, owner.gid));
    core::checked("chmod " + path, ::fchmod(directory.get(), mode));
}

/// A socket's address has room for 107 bytes (unix(7)), and desks are reached by theirs.
void refuse_too_long(const std::string& path) {
    constexpr std::size_t most =
        sizeof(sockaddr_un::sun_path) - 1 - std::string_view{"/endpoints/desk_0123456789ab"}.size();
    if (path.size() > most)
        throw core::Error{core::Code::invalid,
                          fmt::format("the data directory {} has a path of {} bytes: give --data one of at "
                                      "most {}, since the addresses of desks' sockets are short",
                                      path, path.size(), most)};
}

core::Fd take_lock(const std::string& path) {
    core::Fd file = core::open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) throw core::system_error("lock " + path, errno);
        const auto owner = core::find_file_text(path).value_or("");
        throw core::Error{
            core::Code::conflict,
            fmt::format("this data directory is in use by the server with process id {}; end that, or "
                        "give another --data",
                        core::trim(owner))};
    }
    core::checked("truncate " + path, ::ftruncate(file.get(), 0));
    core::write_all(file.get(), fmt::format("{}\n", ::getpid()));
    return file;
}

}  // namespace

User get_carrel_user() {
    const passwd* entry = ::getpwnam("carrel");
    if (!entry)
        throw core::Error{core::Code::unavailable,
                          "there is no user carrel, which the server runs as: make it with `useradd --system "
                          "--no-create-home --shell /usr/sbin/nologin carrel`"};
    return {entry->pw_uid, entry->pw_gid};
}

DataDirectory::DataDirectory(std::string path, const User& user)
    : path_{std::filesystem::absolute(path).lexically_normal().string()} {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    refuse_too_long(path_);
    std::error_code failure;
    std::filesystem::create_directories(path_, failure);
    if (failure)
        throw core::Error{core::Code::internal, fmt::format("make {}: {}", path_, failure.message())};
    const User root{};
    make_directory(path_, root, 0755);
    // The other parts are root's and made by the jail (jail/host/data.hpp), which begins while the server
    // walls itself in already: what is let in there must be there.
    make_directory(path_ + "/server", user, 0700);
    make_directory(logs(), {root.uid, user.gid}, 0770);
    lock_ = take_lock(path_ + "/lock");
}

}  // namespace carrel::app
