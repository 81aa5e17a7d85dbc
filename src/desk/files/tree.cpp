#include "desk/files/tree.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "core/clock.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/files/paths.hpp"

namespace carrel::desk::files {

namespace {

std::string time_text(const timespec& time) {
    return core::to_rfc3339(core::Instant{std::chrono::seconds{time.tv_sec} +
                                          std::chrono::milliseconds{time.tv_nsec / 1'000'000}});
}

std::string mode_text(mode_t mode) { return fmt::format("{:04o}", mode & 07777); }

std::optional<std::string> find_target(int folder, const std::string& name) {
    std::array<char, PATH_MAX> buffer;
    const auto count = ::readlinkat(folder, name.c_str(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    return std::string{buffer.data(), static_cast<std::size_t>(count)};
}

/// Of the desk's own list of users; the C library's way there needs parts that a static program lacks.
std::optional<std::string> find_user(uid_t uid) {
    const auto text = core::find_file_text("/etc/passwd");
    if (!text) return std::nullopt;
    for (const auto line : core::split(*text, '\n')) {
        const auto fields = core::split(line, ':');
        if (fields.size() > 2 && fields[2] == std::to_string(uid)) return core::repair_utf8(fields[0]);
    }
    return std::nullopt;
}

json::Object truncation(json::Object answer, std::string_view by) {
    answer["truncated"] = !by.empty();
    if (!by.empty()) answer["truncated_by"] = by;
    return answer;
}

struct Ends {
    Moment slice;  ///< of this turn on the pool
    Moment search;
};

/// Goes on with a walk; false at the end of the slice. `take` answers false when there is room for no more:
/// then, and at the end of the search's time, `cut_by` says what cut it short.
template <class Take>
bool go_on(Walk& walk, Ends ends, std::string_view& cut_by, Take take) {
    while (const auto found = walk.next()) {
        if (!take(*found)) {
            cut_by = "limit";
            return true;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now > ends.search) {
            cut_by = "time";
            return true;
        }
        if (now > ends.slice) return false;
    }
    if (walk.is_cut()) cut_by = "limit";
    return true;
}

}  // namespace

std::string tag_of(const struct stat& facts) {
    return fmt::format("{:x}-{:x}-{:x}", facts.st_ino, facts.st_size,
                       facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec);
}

json::Object describe_file(const std::string& path) {
    core::Fd itself;
    itself = core::Fd{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    if (!itself) throw disk_error("look at " + path, errno);
    refuse_own(itself.get(), path);
    struct stat facts{};
    checked_disk("look at " + path, ::fstat(itself.get(), &facts));
    struct stat followed = facts;
    if (S_ISLNK(facts.st_mode)) ::stat(path.c_str(), &followed);
    json::Object answer;
    put_path(answer, "path", path);
    put_path(answer, "name", last_step(path));
    answer["type"] = type_of(facts.st_mode);
    answer["is_dir"] = S_ISDIR(followed.st_mode);
    answer["size"] = facts.st_size;
    answer["mode"] = mode_text(facts.st_mode);
    answer["uid"] = facts.st_uid;
    answer["gid"] = facts.st_gid;
    if (auto owner = find_user(facts.st_uid)) answer["owner"] = std::move(*owner);
    answer["links"] = facts.st_nlink;
    answer["modified"] = time_text(facts.st_mtim);
    if (S_ISREG(facts.st_mode)) answer["etag"] = fmt::format("\"{}\"", tag_of(facts));
    if (S_ISLNK(facts.st_mode))
        if (const auto target = find_target(itself.get(), "")) put_path(answer, "target", *target);
    return answer;
}

ListWork::ListWork(ListWish wish)
    : wish_{std::move(wish)},
      walk_{wish_.path, {.depth = wish_.depth, .hidden = wish_.hidden, .enters = {}}},
      end_{std::chrono::steady_clock::now() + search_time} {
    if (wish_.glob) filter_ = core::value_or_throw(parse_filter(*wish_.glob, wish_.hidden));
}

void ListWork::add(const Walked& found) {
    auto facts = found.facts;
    json::Object entry;
    put_path(entry, "name", found.name());
    put_path(entry, "path", join_path(wish_.path, found.path));
    entry["type"] = type_of(facts.st_mode);
    if (S_ISLNK(facts.st_mode)) {
        if (const auto target = find_target(found.folder, found.name())) put_path(entry, "target", *target);
        // One that leads nowhere is told as itself.
        if (::fstatat(found.folder, found.name().c_str(), &facts, 0) != 0) facts = found.facts;
    }
    const bool is_dir = S_ISDIR(facts.st_mode);
    entry["is_dir"] = is_dir;
    entry["size"] = facts.st_size;
    entry["mode"] = mode_text(facts.st_mode);
    entry["modified"] = time_text(facts.st_mtim);
    // One level is told as people look at it, directories first; a tree in the order of its paths.
    (is_dir && wish_.depth == 1 ? folders_ : others_).push_back(std::move(entry));
}

bool ListWork::run(Moment until) {
    return go_on(walk_, {until, end_}, cut_by_, [this](const auto& found) {
        if (filter_ && !filter_->matches(found.path)) return true;
        if (folders_.size() + others_.size() == wish_.limit) return false;
        add(found);
        return true;
    });
}

json::Object ListWork::result() {
    json::Object answer{{"success", true}};
    put_path(answer, "path", wish_.path);
    for (auto& entry : others_) folders_.push_back(std::move(entry));
    answer["entries"] = std::move(folders_);
    return truncation(std::move(answer), cut_by_);
}

GlobWork::GlobWork(GlobWish wish)
    : wish_{std::move(wish)},
      glob_{core::value_or_throw(Glob::parse(wish_.pattern, wish_.hidden))},
      walk_{wish_.path,
            {.depth = 256,
             .hidden = true,
             .enters = [this](std::string_view folder) { return glob_.may_match_below(folder); }}},
      end_{std::chrono::steady_clock::now() + search_time} {}

bool GlobWork::run(Moment until) {
    return go_on(walk_, {until, end_}, cut_by_, [this](const auto& found) {
        if (!glob_.matches(found.path)) return true;
        if (matches_.size() == wish_.limit) return false;
        matches_.push_back(join_path(wish_.path, found.path));
        return true;
    });
}

json::Object GlobWork::result() {
    json::Object answer{{"success", true}};
    put_path(answer, "path", wish_.path);
    // A walk goes through directories before their neighbours: "a/b" comes before "a.c".
    std::ranges::sort(matches_);
    json::Array paths;
    for (const auto& path : matches_) {
        if (core::is_utf8(path)) {
            paths.emplace_back(path);
            continue;
        }
        json::Object odd;
        put_path(odd, "path", path);
        paths.push_back(std::move(odd));
    }
    answer["matches"] = std::move(paths);
    return truncation(std::move(answer), cut_by_);
}

}  // namespace carrel::desk::files
