// Lines of text files that match: file/grep.
//
// The expressions are RE2's: their time grows with the text alone, whatever a hostile pattern says, and so
// does their memory, up to a bound.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "desk/files/glob.hpp"
#include "desk/files/walk.hpp"
#include "json/parse.hpp"

namespace carrel::desk::files {

struct GrepWish {
    std::string pattern;
    std::string path;  ///< absolute: a directory or a file
    std::optional<std::string> glob;
    bool ignore_case = false;
    bool literal = false;
    bool hidden = false;
    std::size_t context = 0;
    std::size_t limit = 200;
};

struct MatchedLine {
    std::size_t line = 0;  ///< from 1
    std::string text;      ///< clipped
    std::vector<std::string> before;
    std::vector<std::string> after;
};

/// Takes a text in pieces of any size and gives the lines that match, with those around them. Pure.
class LineSearch {
public:
    /// Refuses an expression that is none, with RE2's reason.
    static core::Expected<LineSearch> make(const GrepWish& wish);
    LineSearch(LineSearch&&) noexcept;
    ~LineSearch();

    /// Another text begins.
    void begin();
    /// False when the text is binary (it holds a NUL), or enough was found.
    bool push(std::string_view bytes);
    /// The last line has no line end.
    void finish();
    bool is_binary() const;
    std::vector<MatchedLine>& matches();

private:
    struct State;
    explicit LineSearch(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

class GrepWork {
public:
    explicit GrepWork(GrepWish wish);
    bool run(Moment until);
    /// {path, matches, files, skipped, truncated, truncated_by?}
    json::Object result();

private:
    bool open_next();
    void open_file(int folder, const std::string& name, std::string path);
    bool read_piece();
    void close_file();

    GrepWish wish_;
    std::optional<Glob> filter_;
    LineSearch search_;
    std::optional<Walk> walk_;  ///< none when the path is a file
    Moment end_;
    core::Fd file_;
    std::string file_path_;
    std::unique_ptr<char[]> buffer_;
    json::Array matches_;
    std::size_t files_ = 0;
    std::size_t skipped_ = 0;
    std::size_t told_bytes_ = 0;
    bool is_begun_ = false;
    std::string_view cut_by_;
};

}  // namespace carrel::desk::files
