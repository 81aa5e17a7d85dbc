#include "desk/files/search.hpp"

#include <fmt/format.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/text.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/tree.hpp"

namespace carrel::desk::files {

namespace {

constexpr std::int64_t most_expression_memory = 8 << 20;
/// What is told of one line.
constexpr std::size_t longest_text = 1000;
/// A line that is longer is searched in parts, each of which begins with the end of the one before: what is
/// no longer than that is found wherever it stands.
constexpr std::size_t longest_line = std::size_t{1} << 20;
constexpr std::size_t overlap = std::size_t{4} << 10;
constexpr std::size_t piece_size = std::size_t{256} << 10;
constexpr std::size_t most_told_bytes = std::size_t{8} << 20;

std::string clip(std::string_view line) { return core::repair_utf8(core::utf8_prefix(line, longest_text)); }

}  // namespace

struct LineSearch::State {
    State(const GrepWish& wish, const RE2::Options& options)
        : expression{wish.pattern, options}, context{wish.context}, limit{wish.limit + 1} {}

    /// One more than is wanted tells that there are more.
    bool has_enough() const { return matches.size() >= limit || held_bytes > most_told_bytes; }
    bool is_full() const { return has_enough() && waiting_after == 0; }

    void take(std::string_view line) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        search(line, true);
        is_in_line = is_matched = false;
    }

    /// The beginning of a line that is too long, or more of it; its end stays in `rest`.
    void take_part() {
        search(rest, false);
        is_in_line = true;
        rest.erase(0, rest.size() - overlap);
    }

    void search(std::string_view line, bool is_end) {
        if (!is_in_line) begin_line(line);
        if (is_matched || has_enough() || !is_match(line, is_end)) return;
        is_matched = true;
        // The line itself is told to later ones, not to itself.
        matches.push_back({number, clip(line), {before.begin(), before.end()}, {}});
        if (context > 0) matches.back().before.pop_back();
        held_bytes += (context + 1) * matches.back().text.size();
        waiting_after = context;
    }

    /// What is no whole line does not begin or end where the part does, for ^, $ and \b.
    bool is_match(std::string_view line, bool is_end) const {
        const std::size_t first = is_in_line ? 1 : 0;
        const auto last = is_end || line.empty() ? line.size() : line.size() - 1;
        return expression.Match({line.data(), line.size()}, first, last, RE2::UNANCHORED, nullptr, 0);
    }

    void begin_line(std::string_view line) {
        ++number;
        if (waiting_after > 0) add_after(line);
        if (context == 0) return;
        before.push_back(clip(line));
        if (before.size() > context + 1) before.pop_front();
    }

    /// Lines around a match belong to it, also when they match themselves.
    void add_after(std::string_view line) {
        --waiting_after;
        for (auto match = matches.rbegin(); match != matches.rend() && match->line + context >= number;
             ++match)
            match->after.push_back(clip(line));
    }

    RE2 expression;
    std::size_t context;
    std::size_t limit;
    std::string rest;  ///< a line whose end has not come
    std::size_t number = 0;
    std::size_t waiting_after = 0;
    std::size_t held_bytes = 0;
    std::deque<std::string> before;
    std::vector<MatchedLine> matches;
    bool is_binary = false;
    bool is_in_line = false;  ///< a part of the line was searched already
    bool is_matched = false;  ///< it is among the matches
};

LineSearch::LineSearch(std::unique_ptr<State> state) : state_{std::move(state)} {}
LineSearch::LineSearch(LineSearch&&) noexcept = default;
LineSearch::~LineSearch() = default;

core::Expected<LineSearch> LineSearch::make(const GrepWish& wish) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(most_expression_memory);
    options.set_case_sensitive(!wish.ignore_case);
    options.set_literal(wish.literal);
    auto state = std::make_unique<State>(wish, options);
    if (!state->expression.ok())
        return core::refuse(
            fmt::format("the pattern is no regular expression of RE2: {}", state->expression.error()));
    return LineSearch{std::move(state)};
}

void LineSearch::begin() {
    auto& now = *state_;
    now.rest.clear();
    now.before.clear();
    now.matches.clear();
    now.number = now.waiting_after = now.held_bytes = 0;
    now.is_binary = now.is_in_line = now.is_matched = false;
}

bool LineSearch::push(std::string_view bytes) {
    auto& now = *state_;
    if (bytes.contains('\0')) {
        now.is_binary = true;
        return false;
    }
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        if (end == bytes.npos) break;
        if (now.rest.empty()) {
            now.take(bytes.substr(0, end));
        } else {
            now.rest += bytes.substr(0, end);
            now.take(now.rest);
            now.rest.clear();
        }
        bytes.remove_prefix(end + 1);
        if (now.is_full()) return false;
    }
    now.rest += bytes;
    if (now.rest.size() > longest_line) now.take_part();
    return !now.is_full();
}

void LineSearch::finish() {
    if (state_->rest.empty()) return;
    state_->take(state_->rest);
    state_->rest.clear();
}

bool LineSearch::is_binary() const { return state_->is_binary; }
std::vector<MatchedLine>& LineSearch::matches() { return state_->matches; }

GrepWork::GrepWork(GrepWish wish)
    : wish_{std::move(wish)},
      search_{core::value_or_throw(LineSearch::make(wish_))},
      end_{std::chrono::steady_clock::now() + search_time},
      buffer_{std::make_unique_for_overwrite<char[]>(piece_size)} {
    if (wish_.glob) filter_ = core::value_or_throw(parse_filter(*wish_.glob, wish_.hidden));
    struct stat facts{};
    if (::stat(wish_.path.c_str(), &facts) == 0 && !S_ISDIR(facts.st_mode)) return;
    walk_.emplace(wish_.path, Walk::Options{.depth = 256, .hidden = wish_.hidden, .enters = {}});
}

bool GrepWork::open_next() {
    if (!walk_) {
        if (std::exchange(is_begun_, true)) return false;
        struct stat facts{};
        if (::stat(wish_.path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
            throw core::Error{core::Code::invalid, fmt::format("{} is {}; only files can be searched",
                                                               wish_.path, kind_of(facts.st_mode))};
        file_ = open_path(wish_.path, O_RDONLY);
        file_path_ = wish_.path;
    } else {
        const auto found = walk_->next();
        if (!found) return false;
        if (!S_ISREG(found->facts.st_mode) || (filter_ && !filter_->matches(found->path))) return true;
        try {
            file_ = open_beneath(found->folder, found->name(), O_RDONLY, found->path);
        } catch (const core::Error& error) {
            if (error.code() != core::Code::not_found) ++skipped_;
            return true;
        }
        file_path_ = join_path(wish_.path, found->path);
    }
    search_.begin();
    return true;
}

bool GrepWork::read_piece() {
    const auto count = ::read(file_.get(), buffer_.get(), piece_size);
    if (count > 0) return search_.push({buffer_.get(), static_cast<std::size_t>(count)});
    if (count == 0) search_.finish();
    return count < 0 && errno == EINTR;
}

void GrepWork::close_file() {
    file_.reset();
    ++(search_.is_binary() ? skipped_ : files_);
    if (search_.is_binary()) return;
    for (auto& found : search_.matches()) {
        if (matches_.size() == wish_.limit || told_bytes_ > most_told_bytes) {
            cut_by_ = "limit";
            return;
        }
        json::Object match;
        put_path(match, "path", file_path_);
        match["line"] = found.line;
        told_bytes_ += found.text.size() + file_path_.size();
        match["text"] = std::move(found.text);
        for (const auto& [key, lines] :
             {std::pair{"before", &found.before}, std::pair{"after", &found.after}}) {
            if (wish_.context == 0) continue;
            json::Array told;
            for (const auto& line : *lines) {
                told_bytes_ += line.size();
                told.emplace_back(line);
            }
            match[key] = std::move(told);
        }
        matches_.push_back(std::move(match));
    }
}

bool GrepWork::run(Moment until) {
    while (cut_by_.empty()) {
        if (file_ ? !read_piece() : !open_next()) {
            if (!file_) break;
            close_file();
        }
        const auto now = std::chrono::steady_clock::now();
        if (now > end_)
            cut_by_ = "time";
        else if (now > until)
            return false;
    }
    if (cut_by_.empty() && walk_ && walk_->is_cut()) cut_by_ = "limit";
    return true;
}

json::Object GrepWork::result() {
    if (file_) close_file();
    json::Object answer{{"success", true}};
    put_path(answer, "path", wish_.path);
    answer["matches"] = std::move(matches_);
    answer["files"] = files_;
    answer["skipped"] = skipped_ + (walk_ ? walk_->unreadable() : 0);
    answer["truncated"] = !cut_by_.empty();
    if (!cut_by_.empty()) answer["truncated_by"] = cut_by_;
    return answer;
}

}  // namespace carrel::desk::files
