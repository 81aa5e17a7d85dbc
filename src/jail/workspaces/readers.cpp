#include "jail/workspaces/readers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>
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

constexpr std::size_t most_readers = 32;
/// Who reads slowly shuts out nobody but himself.
constexpr std::size_t most_of_one = 4;
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

void write_line(const std::string& name, std::uint64_t quota) {
    std::uint64_t bytes = 0, files = 0;
    time_t modified = 0;
    for (const char* part : {"files", "home"})
        walk(
            input, part, "",
            [&](const Found& found) {
                bytes += static_cast<std::uint64_t>(found.status.st_blocks) * 512;
                files += S_ISREG(found.status.st_mode) ? 1 : 0;
                modified = std::max(modified, found.status.st_mtime);
            },
            [](const std::string&, const std::string&) {});
    core::write_all(
        output, fmt::format("{} {} {} {} {}\n", name, bytes, files, std::max<time_t>(modified, 0), quota));
}

void confine_reader(Fd folder, int written) {
    ::prctl(PR_SET_NAME, "carrel-reader");
    // Its number may be another's from there on: nobody may close it.
    confine(folder.release(), written);
}

/// The folder is root's, and so are these names.
std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        if (auto name = entry.path().filename().string(); wire::is_workspace_name(name))
            names.push_back(std::move(name));
    std::ranges::sort(names);
    return names;
}

/// Not the jail's socket, nor desks' disks: a reader that is slow would keep them.
int keep_alone(const Fd& written) {
    const int kept = checked("keep the output", ::fcntl(written.get(), F_DUPFD_CLOEXEC, 3));
    if (kept > 3) ::close_range(3, static_cast<unsigned>(kept) - 1, 0);
    ::close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
    return kept;
}

/// Each is looked into by a process of its own, which sees no other. False when nobody wants to hear.
bool list_one(const Readers::Open& open, const std::string& folder, const std::string& name, int written) {
    const auto process = checked("fork", ::fork());
    if (process == 0) {
        try {
            auto place = open(folder + "/" + name);
            confine_reader(std::move(place.folder), written);
            write_line(name, place.quota);
        } catch (const std::exception&) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(process, &status, 0);
    return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

}  // namespace

Fd Readers::archive(const std::string& owner, const std::string& folder) {
    return begin(owner, [&](int written) {
        confine_reader(open_(folder).folder, written);
        write_archive();
    });
}

Fd Readers::list(const std::string& owner, const std::string& folder) {
    return begin(owner, [&](int written) {
        for (const auto& name : names_in(folder))
            if (!list_one(open_, folder, name, written)) return;
    });
}

void Readers::refuse_too_many(const std::string& owner) {
    std::erase_if(readers_,
                  [](const Reader& reader) { return ::waitpid(reader.process, nullptr, WNOHANG) != 0; });
    const auto of_one = std::ranges::count(readers_, owner, &Reader::owner);
    if (static_cast<std::size_t>(of_one) >= most_of_one)
        throw core::Error{
            core::Code::exhausted,
            fmt::format("{} of your workspaces are being read, as many as may be at once; try again in a "
                        "moment",
                        of_one),
            "too_many_calls"};
    if (readers_.size() >= most_readers)
        throw core::Error{core::Code::exhausted,
                          "as many workspaces are being read as may be at once; try again in a moment",
                          "too_many_calls"};
}

Fd Readers::begin(const std::string& owner, const std::function<void(int)>& read) {
    refuse_too_many(owner);
    int ends[2];
    checked("pipe", ::pipe2(ends, O_CLOEXEC));
    Fd reading{ends[0]}, writing{ends[1]};
    const auto process = checked("fork", ::fork());
    if (process == 0) {
        try {
            ::signal(SIGPIPE, SIG_DFL);
            ::prctl(PR_SET_NAME, "carrel-list");
            read(keep_alone(writing));
        } catch (const std::exception&) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    readers_.push_back({process, owner});
    return reading;
}

}  // namespace carrel::jail::workspaces
