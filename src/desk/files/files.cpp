#include "desk/files/files.hpp"

#include <fmt/format.h>

#include "desk/files/text.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

void refuse_relative(const std::string& path) {
    if (!path.starts_with('/'))
        throw Error{Code::invalid,
                    fmt::format("The path {0} is not an absolute path, it should start with `/`. "
                                "Maybe you meant /{0}?",
                                path)};
}

void refuse_nul(std::string_view path) {
    if (path.contains('\0')) throw Error{Code::invalid, "a path cannot contain the character NUL"};
}

void check_editable(const std::string& path) {
    refuse_nul(path);
    refuse_relative(path);
    if (is_directory(path))
        throw Error{
            Code::invalid,
            fmt::format("The path {} is a directory and only the `view` command can be used on directories",
                        path)};
}

std::string view_now(const std::string& path, const std::vector<int>& range) {
    refuse_nul(path);
    refuse_relative(path);
    if (!is_directory(path)) return core::value_or_throw(view_text(path, read_text(path), range));
    if (!range.empty())
        throw Error{Code::invalid,
                    "The `view_range` parameter is not allowed when `path` points to a directory."};
    return fmt::format(
        "Here's the files and directories up to 2 levels deep in {}, excluding hidden items:\n{}", path,
        clipped(tree_of(path)));
}

/// A report, and how to take the edit back.
struct Changed {
    std::string report;
    std::optional<Reverse> reverse;
};

Changed store(const std::string& path, std::string_view before, core::Expected<Edited> edited) {
    auto result = core::value_or_throw(std::move(edited));
    write_file(path, result.text, Existing::replace);
    return {std::move(result.report), reverse_of(before, result.text)};
}

Changed write_whole(const std::string& path, std::string_view text, std::size_t most_kept) {
    const auto before = find_text(path, most_kept);
    write_file(path, text, Existing::replace);
    Changed changed{fmt::format("{} bytes written to {}", text.size(), path), {}};
    if (before) changed.reverse = reverse_of(*before, text);
    return changed;
}

Changed write_in_place(const std::string& path, std::string_view text, WritePlace place,
                       std::size_t most_kept) {
    const auto before = find_text(path, most_kept);
    auto file = open_writable(path, place.append ? std::nullopt : place.offset);
    const auto at = file.at;
    write_on(file, text);
    Changed changed{fmt::format("{} bytes written to {} at offset {}", text.size(), path, at), {}};
    if (before)
        if (const auto after = find_text(path, most_kept + text.size()))
            changed.reverse = reverse_of(*before, *after);
    return changed;
}

std::string undo_now(const std::string& path, const Reverse& reverse) {
    const auto text = take_back(reverse, read_text(path));
    if (!text)
        throw Error{Code::conflict,
                    fmt::format("{} was changed since the last edit, so that one cannot be undone", path)};
    write_file(path, *text, Existing::replace);
    return fmt::format("Last edit to {} undone successfully. {}", path,
                       core::value_or_throw(view_text(path, *text, {})));
}

}  // namespace

Task<std::string> Files::view(std::string path, std::vector<int> range) {
    co_return co_await async::run_on(pool_, [path, range] { return view_now(path, range); });
}

Task<std::string> Files::create(std::string path, std::string text) {
    co_return co_await async::run_on(pool_, [path, text = std::move(text)] {
        check_editable(path);
        write_file(path, text, Existing::refuse);
        return fmt::format("File created successfully at: {}", path);
    });
}

Task<std::string> Files::write(std::string path, std::string text, WritePlace place) {
    const auto turn = co_await edits_.take();
    auto changed = co_await async::run_on(
        pool_, [path, text = std::move(text), place, most_kept = history_.most_bytes()] {
            check_editable(path);
            return place.is_whole() ? write_whole(path, text, most_kept)
                                    : write_in_place(path, text, place, most_kept);
        });
    if (changed.reverse) history_.remember(path, std::move(*changed.reverse));
    co_return std::move(changed.report);
}

Task<std::string> Files::replace(std::string path, std::string old_text, std::string new_text) {
    const auto turn = co_await edits_.take();
    auto changed = co_await async::run_on(pool_, [path, old_text, new_text] {
        check_editable(path);
        const auto text = read_text(path);
        return store(path, text, replace_text(path, text, old_text, new_text));
    });
    history_.remember(path, std::move(*changed.reverse));
    co_return std::move(changed.report);
}

Task<std::string> Files::insert(std::string path, int line, std::string text) {
    const auto turn = co_await edits_.take();
    auto changed = co_await async::run_on(pool_, [path, line, inserted = std::move(text)] {
        check_editable(path);
        const auto before = read_text(path);
        return store(path, before, insert_text(path, before, line, inserted));
    });
    history_.remember(path, std::move(*changed.reverse));
    co_return std::move(changed.report);
}

Task<std::string> Files::undo(std::string path) {
    const auto turn = co_await edits_.take();
    co_await async::run_on(pool_, [path] {
        check_editable(path);
        open_regular(path);
    });
    const auto* last = history_.find_last(path);
    if (!last) throw Error{Code::not_found, fmt::format("No edit history found for {}.", path)};
    auto report = co_await async::run_on(pool_, [path, reverse = *last] { return undo_now(path, reverse); });
    history_.forget_last(path);
    co_return report;
}

Task<OpenedFile> Files::open(std::string path) {
    co_return co_await async::run_on(pool_, [path = absolute(path)] { return open_regular(path); });
}

std::string Files::absolute(std::string_view path) const {
    refuse_nul(path);
    if (path.starts_with('/')) return std::string{path};
    if (path == "~" || path.starts_with("~/")) path.remove_prefix(std::min<std::size_t>(2, path.size()));
    return path.empty() ? home_ : fmt::format("{}/{}", home_, path);
}

}  // namespace carrel::desk::files
