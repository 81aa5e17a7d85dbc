#include "desk/files_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk {

using core::checked;
using core::Code;
using core::Error;

namespace {

constexpr std::uint64_t largest_text = std::uint64_t{16} << 20;
constexpr std::size_t most_entries = 10'000;
constexpr mode_t usual_mode = 0644;

std::string_view kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a named pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

struct stat look_at(const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0) return facts;
    if (errno == ENOENT || errno == ENOTDIR)
        throw Error{Code::not_found,
                    fmt::format("The path {} does not exist. Please provide a valid path.", path)};
    throw core::system_error("open " + path, errno);
}

void refuse_irregular(const std::string& path, const struct stat& facts) {
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::invalid, fmt::format("{} is {}; only regular files can be read and written", path,
                                               kind_of(facts.st_mode))};
}

/// Where a link leads in the end; `path` itself when there is nothing yet.
std::string resolved(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real{::realpath(path.c_str(), nullptr), std::free};
    return real ? real.get() : path;
}

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

core::Instant instant_of(const timespec& time) {
    return core::Instant{std::chrono::seconds{time.tv_sec} +
                         std::chrono::milliseconds{time.tv_nsec / 1'000'000}};
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

Directory open_directory(const std::string& path) {
    const auto facts = look_at(path);
    if (!S_ISDIR(facts.st_mode)) throw Error{Code::invalid, fmt::format("{} is not a directory", path)};
    Directory directory{::opendir(path.c_str()), ::closedir};
    if (!directory) throw core::system_error("open " + path, errno);
    return directory;
}

std::vector<std::string> names_in(const std::string& path) {
    const auto directory = open_directory(path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory.get())) {
        const std::string_view name{entry->d_name};
        if (name != "." && name != "..") names.emplace_back(name);
        if (names.size() > most_entries) break;
    }
    std::ranges::sort(names);
    return names;
}

void add_tree(std::vector<std::string>& lines, const std::string& path, int levels) {
    lines.push_back(path);
    struct stat facts{};
    // Links are not followed: a tree has no loops.
    if (levels == 0 || ::lstat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return;
    for (const auto& name : names_in(path)) {
        if (name.starts_with('.')) continue;
        if (lines.size() >= most_entries) return;
        add_tree(lines, path == "/" ? path + name : path + "/" + name, levels - 1);
    }
}

[[noreturn]] void throw_exists(const std::string& path) {
    throw Error{
        Code::conflict,
        fmt::format("File already exists at: {}. Cannot overwrite files using command `create`.", path)};
}

/// For a file in a directory where nothing new may be made: over what it holds.
void overwrite(const std::string& path, std::string_view bytes) {
    const auto file = core::open_file(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY);
    core::write_all(file.get(), bytes);
}

}  // namespace

OpenedFile open_regular(const std::string& path) {
    refuse_irregular(path, look_at(path));
    OpenedFile opened;
    // Not blocking: between the look and the opening it may have become a pipe.
    opened.file = core::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat facts{};
    checked("look at " + path, ::fstat(opened.file.get(), &facts));
    refuse_irregular(path, facts);
    opened.path = path;
    opened.size = static_cast<std::uint64_t>(facts.st_size);
    opened.tag = fmt::format("{:x}-{:x}-{:x}", facts.st_ino, facts.st_size,
                             facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec);
    return opened;
}

std::string read_text(const std::string& path) {
    const auto opened = open_regular(path);
    const auto too_large = [&] {
        return Error{Code::exhausted,
                     fmt::format("{} is larger than {} MiB; look at parts of it in the terminal, "
                                 "with `sed -n` or `grep -n`",
                                 path, largest_text >> 20)};
    };
    if (opened.size > largest_text) throw too_large();
    std::string text;
    // Until the end, not for `size` bytes: files of /proc say 0.
    char buffer[65536];
    while (true) {
        const auto count = ::read(opened.file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        checked("read " + path, count);
        if (count == 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > largest_text) throw too_large();
    }
    if (text.contains('\0')) throw Error{Code::invalid, fmt::format("{} is not a text file", path)};
    return text;
}

void write_file(const std::string& path, std::string_view bytes, Existing existing) {
    struct stat facts{};
    const bool exists = ::stat(path.c_str(), &facts) == 0;
    if (exists && existing == Existing::refuse) throw_exists(path);
    if (exists) refuse_irregular(path, facts);
    const auto target = resolved(path);
    make_parents(target);
    try {
        NewFile file{directory_of(target)};
        file.write(bytes);
        file.keep_as(target, exists ? facts.st_mode & 07777 : usual_mode, existing);
    } catch (const Error& error) {
        if (!exists || error.code() != Code::forbidden) throw;
        overwrite(target, bytes);
    }
}

Listing list_directory(const std::string& path) {
    Listing listing;
    auto names = names_in(path);
    listing.is_cut = names.size() > most_entries;
    if (listing.is_cut) names.resize(most_entries);
    for (const auto& name : names) {
        struct stat facts{};
        const auto full = path + "/" + name;
        // A link that leads nowhere is listed as itself.
        if (::stat(full.c_str(), &facts) != 0 && ::lstat(full.c_str(), &facts) != 0) continue;
        listing.entries.push_back({core::repair_utf8(name), S_ISDIR(facts.st_mode),
                                   static_cast<std::uint64_t>(facts.st_size), instant_of(facts.st_mtim)});
    }
    std::ranges::sort(listing.entries, {}, [](const ListedFile& file) {
        return std::pair{!file.is_dir, std::string_view{file.name}};
    });
    return listing;
}

std::string tree_of(const std::string& path) {
    open_directory(path);
    std::vector<std::string> lines;
    const auto top = path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    lines.push_back(top);
    for (const auto& name : names_in(top))
        if (!name.starts_with('.')) add_tree(lines, top == "/" ? top + name : top + "/" + name, 1);
    std::string text;
    for (const auto& line : lines) text += core::repair_utf8(line) + '\n';
    return text;
}

namespace {

/// Gives a new file the name of an old one and the other way round; false when that cannot be done. A rename
/// over the old one does the same, but ext4 then begins to store the new one (auto_da_alloc), for crashes of
/// the machine, which no desk outlives; that takes longer than all the rest of writing a small file.
bool change_places(const std::string& from, const std::string& to) {
    struct stat facts{};
    return ::lstat(to.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
           ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0;
}

}  // namespace

NewFile::NewFile(const std::string& directory) : path_{directory + "/.carrel-XXXXXX"} {
    file_ = core::Fd{::mkostemp(path_.data(), O_CLOEXEC)};
    if (!file_) throw core::system_error("make a file in " + directory, errno);
}

NewFile::~NewFile() {
    if (file_ && !path_.empty()) ::unlink(path_.c_str());
}

void NewFile::write(std::string_view bytes) {
    try {
        core::write_all(file_.get(), bytes);
    } catch (Error& error) {
        throw error.during("storing the file");
    }
    size_ += bytes.size();
}

void NewFile::keep_as(const std::string& path, mode_t mode, Existing existing) {
    checked("set the mode of " + path, ::fchmod(file_.get(), mode));
    if (existing == Existing::replace && change_places(path_, path)) return;
    const unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), flags) == 0) {
        path_.clear();
        return;
    }
    if (errno == EEXIST && existing == Existing::refuse) throw_exists(path);
    if (errno != EXDEV) throw core::system_error("write " + path, errno);
    copy_to(path, mode, existing);
}

void NewFile::copy_to(const std::string& path, mode_t mode, Existing existing) {
    NewFile copy{directory_of(path)};
    checked("read the upload again", ::lseek(file_.get(), 0, SEEK_SET));
    char buffer[65536];
    while (true) {
        const auto count = ::read(file_.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (checked("read the upload again", count) == 0) break;
        copy.write({buffer, static_cast<std::size_t>(count)});
    }
    copy.keep_as(path, mode, existing);
}

void make_parents(const std::string& path) {
    std::error_code failure;
    const auto directory = directory_of(path);
    std::filesystem::create_directories(directory, failure);
    if (failure) throw core::system_error("make the directory " + directory, failure.value());
}

bool is_directory(const std::string& path) {
    struct stat facts{};
    return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

mode_t mode_for(const std::string& path) {
    struct stat facts{};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : usual_mode;
}

}  // namespace carrel::desk
