#include "desk/files/walk.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "desk/files/paths.hpp"

namespace carrel::desk::files {

namespace {

core::Fd open_top(const std::string& top) {
    struct stat facts{};
    checked_disk("open " + top, ::stat(top.c_str(), &facts));
    if (!S_ISDIR(facts.st_mode)) throw core::Error{core::Code::invalid, top + " is not a directory"};
    return open_path(top, O_RDONLY | O_DIRECTORY);
}

}  // namespace

std::vector<std::string> read_names(int folder, std::size_t most, bool* is_cut) {
    core::Fd copy{::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{copy ? ::fdopendir(copy.get()) : nullptr, ::closedir};
    if (!directory) throw disk_error("read a directory", errno);
    copy.release();
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(directory.get());
        if (!entry && errno != 0) throw disk_error("read a directory", errno);
        if (!entry) break;
        const std::string_view name{entry->d_name};
        if (name == "." || name == "..") continue;
        if (names.size() == most) {
            if (is_cut) *is_cut = true;
            break;
        }
        names.emplace_back(name);
    }
    return names;
}

void give_memory_back() {
    constexpr std::size_t much = std::size_t{4} << 20;
    if (::mallinfo2().fordblks > much) ::malloc_trim(0);
}

Walk::Walk(const std::string& top, Options options) : Walk{open_top(top), std::move(options)} {}

Walk::Walk(core::Fd top, Options options) : options_{std::move(options)} {
    if (options_.depth > deepest) options_.depth = deepest;
    enter(std::move(top));
}

void Walk::enter(core::Fd folder) {
    if (options_.opened) options_.opened(path_, folder.get());
    Frame frame{std::move(folder), {}, 0, path_.size()};
    frame.names = read_names(frame.folder.get(), most_names - std::min(held_names_, most_names), &is_cut_);
    if (!options_.hidden) std::erase_if(frame.names, [](const auto& name) { return name.starts_with('.'); });
    std::ranges::sort(frame.names);
    held_names_ += frame.names.size();
    frames_.push_back(std::move(frame));
}

void Walk::note_unreadable(std::string_view path) {
    if (unreadable_++ == 0) first_unreadable_ = path;
}

void Walk::go_into(const Walked& found) {
    if (!S_ISDIR(found.facts.st_mode)) return;
    if (frames_.size() >= options_.depth) {
        // Somebody asked for so many levels, or there are more than anybody should have.
        if (options_.depth == deepest) is_cut_ = true;
        return;
    }
    if (options_.enters && !options_.enters(found.path)) return;
    try {
        auto folder = open_beneath(found.folder, found.name(), O_RDONLY | O_DIRECTORY, found.path);
        path_ = found.path;
        enter(std::move(folder));
    } catch (const core::Error& error) {
        if (error.code() == core::Code::not_found)
            ++vanished_;
        else
            note_unreadable(found.path);
        if (options_.failed) options_.failed(found.path, error);
    }
}

std::optional<Walked> Walk::next() {
    if (last_) {
        const auto found = std::move(*last_);
        last_.reset();
        go_into(found);
    }
    while (!frames_.empty()) {
        auto& frame = frames_.back();
        if (frame.next == frame.names.size()) {
            held_names_ -= frame.names.size();
            frames_.pop_back();
            continue;
        }
        const auto& name = frame.names[frame.next++];
        path_.resize(frame.path_size);
        if (!path_.empty()) path_ += '/';
        Walked found{path_ + name, path_.size(), frame.folder.get(), {}};
        if (::fstatat(found.folder, name.c_str(), &found.facts, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT) {
                ++vanished_;
                continue;
            }
            const auto why = disk_error("look at " + found.path, errno);
            note_unreadable(found.path);
            if (options_.failed) options_.failed(std::string_view{path_}.substr(0, frame.path_size), why);
            continue;
        }
        last_ = found;
        return found;
    }
    return std::nullopt;
}

}  // namespace carrel::desk::files
