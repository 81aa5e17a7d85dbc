// What is known of files, and what directories hold: file/stat, list and glob. The results are JSON, made
// where the disk is read: on the pool.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "desk/files/glob.hpp"
#include "desk/files/walk.hpp"
#include "json/parse.hpp"

namespace carrel::desk::files {

/// What changes with a file: for ETag and If-Range.
std::string tag_of(const struct stat& facts);

/// Everything that file/stat tells; a link is not followed. Throws not_found.
json::Object describe_file(const std::string& path);

struct ListWish {
    std::string path;  ///< absolute
    std::size_t depth = 1;
    bool hidden = true;
    std::size_t limit = 10'000;
    std::optional<std::string> glob;
};

/// One directory, or more levels, as {name, path, type, is_dir, size, mode, modified, target?}.
class ListWork {
public:
    explicit ListWork(ListWish wish);
    bool run(Moment until);
    /// {path, entries, truncated, truncated_by?}
    json::Object result();

private:
    void add(const Walked& found);

    ListWish wish_;
    std::optional<Glob> filter_;
    Walk walk_;
    Moment end_;
    json::Array folders_;
    json::Array others_;
    std::string_view cut_by_;
};

struct GlobWish {
    std::string pattern;
    std::string path;  ///< absolute
    bool hidden = false;
    std::size_t limit = 1000;
};

/// The paths below a directory that match.
class GlobWork {
public:
    explicit GlobWork(GlobWish wish);
    bool run(Moment until);
    /// {path, matches, truncated, truncated_by?}
    json::Object result();

private:
    GlobWish wish_;
    Glob glob_;
    Walk walk_;
    Moment end_;
    std::vector<std::string> matches_;
    std::string_view cut_by_;
};

/// How long a search may take in all before what was found is the answer.
constexpr auto search_time = std::chrono::seconds{20};

}  // namespace carrel::desk::files
