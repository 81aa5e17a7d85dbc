#include "jail/workspaces/readers.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>

#include "core/sys.hpp"
#include "jail/wire/spec.hpp"
#include "jail/workspaces/confinement.hpp"
#include "jail/workspaces/tar.hpp"
#include "jail/workspaces/tree.hpp"

namespace carrel::jail::workspaces {

namespace {

using core::checked;
using core::Fd;

constexpr std::size_t most_readers = 8;
/// Of a file with holes; one with more is as good as none whole.
constexpr std::size_t most_extents = 4096;

class Archive {
public:
    void add_part(const char* part, const std::string& path) {
        walk(
            input, part, path, [this](const Found& found) { add(found); },
            [this](const std::string& where, std::string why) { leave_out(where, why); });
    }
    void finish() {
        if (!left_out_.empty()) {
            TarEntry entry{.path = "LEFT-OUT.txt", .size = left_out_.size()};
            write(tar_header(entry) + left_out_ + tar_padding(left_out_.size()));
        }
        write(tar_end());
    }

private:
    void add(const Found& found) {
        TarEntry entry{.path = found.path,
                       .mode = found.status.st_mode & 07777,
                       .modified = static_cast<std::uint64_t>(std::max<time_t>(found.status.st_mtime, 0))};
        if (S_ISDIR(found.status.st_mode)) {
            entry.kind = TarEntry::Kind::folder;
            entry.path += "/";
            write(tar_header(entry));
        } else if (S_ISLNK(found.status.st_mode)) {
            add_link(found, std::move(entry));
        } else if (S_ISREG(found.status.st_mode)) {
            add_file(found, std::move(entry));
        } else {
            leave_out(found.path, "neither a file nor a folder nor a link");
        }
    }

    void add_link(const Found& found, TarEntry entry) {
        std::array<char, PATH_MAX> target;
        const auto length = ::readlinkat(found.folder, found.name, target.data(), target.size());
        if (length < 0) return leave_out(found.path, core::describe_errno(errno));
        entry.kind = TarEntry::Kind::link;
        entry.target.assign(target.data(), static_cast<std::size_t>(length));
        write(tar_header(entry));
    }

    void add_file(const Found& found, TarEntry entry) {
        // A pipe that took the file's place would be waited for.
        const Fd file{::openat(found.folder, found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
        struct stat status;
        if (!file || ::fstat(file.get(), &status) < 0)
            return leave_out(found.path, core::describe_errno(errno));
        if (!S_ISREG(status.st_mode)) return leave_out(found.path, "it changed meanwhile");
        entry.size = static_cast<std::uint64_t>(status.st_size);
        constexpr std::uint64_t bytes_per_block = 512;
        if (entry.size <= static_cast<std::uint64_t>(status.st_blocks) * bytes_per_block) {
            write(tar_header(entry));
            copy(file, {0, entry.size});
            return write(tar_padding(entry.size));
        }
        const auto data = data_of(file, entry.size);
        if (data.size() > most_extents) return leave_out(found.path, "a file of too many holes");
        write(sparse_header(entry, data));
        std::uint64_t stored = 0;
        for (const auto& extent : data) {
            copy(file, extent);
            stored += extent.length;
        }
        write(tar_padding(stored));
    }

    static std::vector<Extent> data_of(const Fd& file, std::uint64_t size) {
        std::vector<Extent> data;
        for (off_t at = 0; data.size() <= most_extents;) {
            const auto begin = ::lseek(file.get(), at, SEEK_DATA);
            if (begin < 0 || static_cast<std::uint64_t>(begin) >= size) break;
            const auto hole = ::lseek(file.get(), begin, SEEK_HOLE);
            const auto end = hole < 0 ? size : std::min<std::uint64_t>(hole, size);
            data.push_back({static_cast<std::uint64_t>(begin), end - static_cast<std::uint64_t>(begin)});
            at = static_cast<off_t>(end);
        }
        return data;
    }

    /// Exactly that many bytes: zeros where the file has become shorter.
    void copy(const Fd& file, const Extent& extent) {
        ::lseek(file.get(), static_cast<off_t>(extent.offset), SEEK_SET);
        for (auto left = extent.length; left > 0;) {
            const auto wanted = std::min<std::uint64_t>(left, buffer_.size());
            auto count = ::read(file.get(), buffer_.data(), wanted);
            if (count <= 0) {
                std::ranges::fill(buffer_, '\0');
                count = static_cast<ssize_t>(wanted);
            }
            write({buffer_.data(), static_cast<std::size_t>(count)});
            left -= static_cast<std::uint64_t>(count);
        }
    }

    void leave_out(const std::string& path, const std::string& why) {
        constexpr std::size_t longest = std::size_t{64} << 10;
        if (left_out_.size() < longest) left_out_ += fmt::format("{}: {}\n", path, why);
    }

    static void write(std::string_view bytes) { core::write_all(output, bytes); }

    std::array<char, std::size_t{64} << 10> buffer_;
    std::string left_out_;
};

void write_archive() {
    const auto archive = std::make_unique<Archive>();
    archive->add_part("files", "workspace");
    archive->add_part("home", "home");
    archive->finish();
}

void write_line(const std::string& name) {
    std::uint64_t bytes = 0, files = 0;
    time_t modified = 0;
    for (const char* part : {"files", "home"})
        walk(
            input, (name + "/" + part).c_str(), "",
            [&](const Found& found) {
                bytes += static_cast<std::uint64_t>(found.status.st_blocks) * 512;
                files += S_ISREG(found.status.st_mode) ? 1 : 0;
                modified = std::max(modified, found.status.st_mtime);
            },
            [](const std::string&, const std::string&) {});
    core::write_all(output, fmt::format("{} {} {} {}\n", name, bytes, files, std::max<time_t>(modified, 0)));
}

void write_list() {
    const std::unique_ptr<DIR, decltype(&::closedir)> folder{::fdopendir(::fcntl(input, F_DUPFD_CLOEXEC, 5)),
                                                             &::closedir};
    std::vector<std::string> names;
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr)
        if (wire::is_workspace_name(entry->d_name)) names.emplace_back(entry->d_name);
    std::ranges::sort(names);
    for (const auto& name : names) write_line(name);
}

}  // namespace

Fd Readers::archive(const std::string& folder) { return begin(folder, write_archive); }

Fd Readers::list(const std::string& folder) { return begin(folder, write_list); }

Fd Readers::begin(const std::string& folder, void (*read)()) {
    std::erase_if(processes_, [](pid_t process) { return ::waitpid(process, nullptr, WNOHANG) != 0; });
    if (processes_.size() >= most_readers)
        throw core::Error{core::Code::exhausted,
                          "as many workspaces are being read as may be at once; try again in a moment"};
    const auto source = core::open_file(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    int ends[2];
    checked("pipe", ::pipe2(ends, O_CLOEXEC));
    Fd reading{ends[0]}, writing{ends[1]};
    const auto process = checked("fork", ::fork());
    if (process == 0) {
        try {
            ::signal(SIGPIPE, SIG_DFL);
            ::prctl(PR_SET_NAME, "carrel-reader");
            confine(source.get(), writing.get());
            read();
        } catch (const std::exception&) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    processes_.push_back(process);
    return reading;
}

}  // namespace carrel::jail::workspaces
