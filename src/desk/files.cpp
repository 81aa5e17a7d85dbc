#include "desk/files.hpp"

#include <fmt/format.h>

#include "desk/files_text.hpp"

namespace carrel::desk {

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

std::string store(const std::string& path, core::Expected<Edited> edited) {
    auto result = core::value_or_throw(std::move(edited));
    write_file(path, result.text, Existing::replace);
    return std::move(result.report);
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

Task<std::string> Files::write(std::string path, std::string text) {
    co_return co_await async::run_on(pool_, [path, text = std::move(text)] {
        check_editable(path);
        write_file(path, text, Existing::replace);
        return fmt::format("{} bytes written to {}", text.size(), path);
    });
}

Task<std::string> Files::replace(std::string path, std::string old_text, std::string new_text) {
    co_return co_await async::run_on(pool_, [path, old_text, new_text] {
        check_editable(path);
        return store(path, replace_text(path, read_text(path), old_text, new_text));
    });
}

Task<std::string> Files::insert(std::string path, int line, std::string text) {
    co_return co_await async::run_on(pool_, [path, line, text] {
        check_editable(path);
        return store(path, insert_text(path, read_text(path), line, text));
    });
}

Task<Listing> Files::list(std::string path) {
    co_return co_await async::run_on(pool_, [path = absolute(path)] { return list_directory(path); });
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

}  // namespace carrel::desk
