#include "jail/host/data.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::host {

namespace {

using core::checked;

struct Part {
    const char* name;
    mode_t mode;
    bool is_for_carrel;  ///< its group is carrel's
};
constexpr Part parts[] = {{"images", 0750, true},   {"desks", 0700, false},      {"endpoints", 0710, true},
                          {"logs", 0770, true},     {"bin", 0700, false},        {"trash", 0700, false},
                          {"scratch", 0700, false}, {"workspaces", 0700, false}, {"asleep", 0700, false}};

/// Whoever runs a program that he may not read can be looked into by nobody of his own user, from exec on
/// (would_dump() of the kernel's fs/exec.c): neither init nor the tool server has a moment in which it can.
constexpr mode_t program_mode = 0111;

constexpr std::size_t largest_program = std::size_t{256} << 20;

void make_part(const core::Fd& data, const std::string& path, const Part& part, gid_t group) {
    if (::mkdirat(data.get(), part.name, 0700) < 0 && errno != EEXIST)
        throw core::system_error(fmt::format("make {}/{}", path, part.name), errno);
    const core::Fd folder{::openat(data.get(), part.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    const auto name = fmt::format("{}/{}", path, part.name);
    checked("open " + name, folder.get());
    struct stat status;
    checked("stat " + name, ::fstat(folder.get(), &status));
    if (status.st_uid != 0)
        throw core::Error{core::Code::conflict,
                          fmt::format("{} must belong to root, but belongs to uid {}", name, status.st_uid)};
    checked("chown " + name, ::fchown(folder.get(), 0, part.is_for_carrel ? group : 0));
    checked("chmod " + name, ::fchmod(folder.get(), part.mode));
}

std::string sha256(std::string_view bytes) {
    SHA2_CTX context;
    ::SHA256Init(&context);
    ::SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    ::SHA256Final(reinterpret_cast<std::uint8_t*>(digest.data()), &context);
    return core::to_hex(digest);
}

}  // namespace

void prepare_data(const std::string& data, uid_t carrel_uid, gid_t carrel_gid) {
    if (carrel_uid == 0)
        throw core::Error{core::Code::invalid,
                          "the server must not run as root: give --carrel-uid another user"};
    std::filesystem::create_directories(data);
    const auto folder = core::open_file(data, O_RDONLY | O_DIRECTORY);
    checked("chown " + data, ::fchown(folder.get(), 0, 0));
    checked("chmod " + data, ::fchmod(folder.get(), 0755));
    for (const auto& part : parts) make_part(folder, data, part, carrel_gid);
}

std::string install_program(const std::string& data, const std::string& program) {
    const auto bytes = core::read_file(program, largest_program);
    auto hash = sha256(bytes);
    const auto folder = data + "/bin/" + hash;
    const auto path = folder + "/carrel-desk";
    std::filesystem::create_directories(folder);
    if (::access(path.c_str(), F_OK) != 0) core::replace_file(path, bytes, program_mode);
    // One that is there may be an older server's.
    checked("chmod " + path, ::chmod(path.c_str(), program_mode));
    return hash;
}

std::string scratch_folder(const std::string& data) { return data + "/scratch"; }

}  // namespace carrel::jail::host
