#include "image/furnish.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/draft.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::checked;

constexpr uid_t agent_id = 1000;

void forget_attributes(const std::string& path) {
    const auto size = ::llistxattr(path.c_str(), nullptr, 0);
    if (size < 0 && errno == ENOTSUP) return;
    std::string names(static_cast<std::size_t>(checked("list the attributes of " + path, size)), '\0');
    names.resize(static_cast<std::size_t>(
        checked("list the attributes of " + path, ::llistxattr(path.c_str(), names.data(), names.size()))));
    for (const auto name : core::split(names, '\0'))
        if (!name.empty() && ::lremovexattr(path.c_str(), std::string{name}.c_str()) < 0 && errno != ENODATA)
            throw core::system_error(fmt::format("remove an attribute of {}", path), errno);
}

/// False when it is nothing that an image may hold.
bool clean(const std::string& path) {
    struct stat status{};
    checked("look at " + path, ::lstat(path.c_str(), &status));
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) return false;
    forget_attributes(path);
    if (!S_ISLNK(status.st_mode) && (status.st_mode & (S_ISUID | S_ISGID)) != 0)
        checked("chmod " + path, ::chmod(path.c_str(), status.st_mode & 01777));
    return true;
}

/// A real folder of root's, whatever was there.
void make_folder(const std::string& path, mode_t mode) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
        checked("remove " + path, ::unlink(path.c_str()));
    if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) throw core::system_error("make " + path, errno);
    checked("chown " + path, ::chown(path.c_str(), 0, 0));
    checked("chmod " + path, ::chmod(path.c_str(), mode));
}

/// A plain file of root's, whatever was there.
void place_text(const std::string& path, std::string_view text) {
    std::error_code none;
    fs::remove_all(path, none);
    write_file(path, text);
}

void add_agent() {
    const auto text = [](const char* path) { return core::find_file_text(path).value_or(""); };
    const char* shell = ::access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
    auto users = text("/etc/passwd");
    if (users.empty()) users = "root:x:0:0:root:/root:/bin/sh\n";
    auto groups = text("/etc/group");
    if (groups.empty()) groups = "root:x:0:\n";
    place_text("/etc/passwd", with_agent(users, fmt::format("agent:x:1000:1000::/home/agent:{}", shell)));
    place_text("/etc/group", with_agent(groups, "agent:x:1000:"));
    make_folder("/home", 0755);
    for (const auto* folder : {"/home/agent", "/home/agent/Desktop", "/home/agent/Downloads"}) {
        make_folder(folder, 0755);
        checked("chown", ::lchown(folder, agent_id, agent_id));
    }
}

}  // namespace

std::string with_agent(std::string_view text, std::string_view line) {
    std::string result;
    for (const auto other : core::split(text, '\n')) {
        const auto fields = core::split(other, ':');
        if (other.empty() || fields[0] == "agent" || (fields.size() > 2 && fields[2] == "1000")) continue;
        result.append(other).append("\n");
    }
    return result.append(line).append("\n");
}

void clean_root(const std::string& root) {
    clean(root);
    for (auto at = fs::recursive_directory_iterator{root}; at != fs::end(at);) {
        const auto path = at->path().string();
        const bool stays = clean(path);
        ++at;
        if (!stays) checked("remove " + path, ::unlink(path.c_str()));
    }
}

void furnish_root() {
    for (const auto* folder : {"/", "/dev", "/proc", "/sys", "/run", "/etc", "/usr"})
        make_folder(folder, 0755);
    make_folder("/tmp", 01777);
    // What lies below them is hidden in a desk, and would only take room.
    for (const auto* folder : {"/dev", "/proc", "/sys", "/run", "/tmp"})
        for (const auto& entry : fs::directory_iterator{folder}) fs::remove_all(entry.path());
    add_agent();
    place_text("/etc/hosts", "127.0.0.1 localhost desk\n");
    place_text("/etc/hostname", "desk\n");
    place_text("/etc/resolv.conf", "");
    // The same in every desk, so that it tells nothing (see image/desktop).
    place_text("/etc/machine-id", "5fa42e5a105c3d1c3dd12bf5b0f2f762\n");
}

}  // namespace carrel::image
