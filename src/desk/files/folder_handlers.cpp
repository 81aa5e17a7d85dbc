// The operations of files as wholes and of folders over HTTP.
#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/files/change.hpp"
#include "desk/files/files.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/search.hpp"
#include "desk/files/tree.hpp"
#include "ops/desk/folders.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::files {

namespace {

/// The path that a request names, as text or as the bytes that an answer told.
std::string named(const Files& files, const std::optional<std::string>& path,
                  const std::optional<std::string>& bytes, const std::string& field) {
    if (path.has_value() == bytes.has_value())
        throw rest::unprocessable({field}, fmt::format("either {0} or {0}_bytes is wanted", field));
    if (path) return files.absolute(*path);
    const auto decoded = core::parse_base64(*bytes);
    if (!decoded || decoded->empty()) throw rest::unprocessable({field + "_bytes"}, "this is no base64");
    return files.absolute(*decoded);
}

/// The whole answer is made where the disk is read: thousands of names are too much for the loop. Nobody
/// searches on for a client that has gone away.
template <class Work, class Wish>
Task<net::Response> search(Files& files, net::Request& request, Wish wish) {
    request.may_be_dropped = true;
    auto& pool = files.pool();
    const auto work = co_await async::run_on(
        pool, [&pool, wish = std::move(wish)] { return ended_by(pool, std::make_unique<Work>(wish)); });
    co_await run_in_slices(pool, work);
    co_return net::json_response(
        200, co_await async::run_on(pool, [work] { return json::to_text(work->result()); }));
}

Task<net::Response> list(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::list_files_shape());
    ListWish wish{files.absolute(wanted.path), static_cast<std::size_t>(wanted.depth), wanted.hidden,
                  static_cast<std::size_t>(wanted.limit), std::move(wanted.glob)};
    co_return co_await search<ListWork>(files, request, std::move(wish));
}

Task<net::Response> glob(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::glob_files_shape());
    const bool is_absolute = wanted.pattern.starts_with('/');
    GlobWish wish{std::move(wanted.pattern), is_absolute ? "/" : files.absolute(wanted.path), wanted.hidden,
                  static_cast<std::size_t>(wanted.limit)};
    co_return co_await search<GlobWork>(files, request, std::move(wish));
}

Task<net::Response> grep(Files& files, net::Request& request) {
    auto wanted = co_await rest::decode_body(request, ops::grep_files_shape());
    GrepWish wish{.pattern = std::move(wanted.pattern),
                  .path = files.absolute(wanted.path),
                  .glob = std::move(wanted.glob),
                  .ignore_case = wanted.ignore_case,
                  .literal = wanted.literal,
                  .hidden = wanted.hidden,
                  .context = static_cast<std::size_t>(wanted.context),
                  .limit = static_cast<std::size_t>(wanted.limit)};
    co_return co_await search<GrepWork>(files, request, std::move(wish));
}

Task<net::Response> stat(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::stat_file_shape());
    auto path = named(files, wanted.path, wanted.path_bytes, "path");
    co_return net::json_response(200, co_await async::run_on(files.pool(), [path = std::move(path)] {
                                     auto answer = describe_file(path);
                                     answer["success"] = true;
                                     return json::to_text(answer);
                                 }));
}

net::Response changed(const std::string& path, std::string_view member, json::Value value) {
    json::Object answer{{"success", true}};
    put_path(answer, "path", path);
    if (!member.empty()) answer[member] = std::move(value);
    return rest::json_answer(answer);
}

Task<net::Response> mkdir(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::make_folder_shape());
    const auto path = files.absolute(wanted.path);
    const bool is_made = co_await async::run_on(
        files.pool(), [path, parents = wanted.parents] { return make_folder(path, parents); });
    co_return changed(path, "created", is_made);
}

Task<net::Response> symlink(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::make_link_shape());
    const auto path = files.absolute(wanted.path);
    co_await async::run_on(files.pool(), [path, target = wanted.target] { make_link(path, target); });
    co_return changed(path, {}, {});
}

/// Stops when the client goes away: what was done until then stays.
template <class Work>
Task<std::size_t> do_all(Files& files, net::Request& request, std::unique_ptr<Work> work) {
    request.may_be_dropped = true;
    const auto shared = ended_by(files.pool(), std::move(work));
    co_await run_in_slices(files.pool(), shared);
    co_return shared->files();
}

Task<net::Response> copy(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::transfer_file_shape());
    const auto from = named(files, wanted.from, wanted.from_bytes, "from");
    const auto to = destination_of(from, files.absolute(wanted.to));
    const auto count =
        co_await do_all(files, request, std::make_unique<CopyWork>(from, to, wanted.overwrite));
    co_return changed(to, "files", count);
}

Task<net::Response> move(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::transfer_file_shape());
    const auto from = named(files, wanted.from, wanted.from_bytes, "from");
    const auto to = destination_of(from, files.absolute(wanted.to));
    const bool is_renamed = co_await async::run_on(files.pool(), [from, to, overwrite = wanted.overwrite] {
        make_parents(to);
        return rename_file(from, to, overwrite);
    });
    std::size_t count = 1;
    if (!is_renamed) {
        count = co_await do_all(
            files, request, std::make_unique<CopyWork>(from, to, wanted.overwrite, CopyWork::Purpose::move));
        // All of it is there now: what follows is done whoever waits, so that nothing stands in both places.
        request.may_be_dropped = false;
        co_await run_in_slices(files.pool(), std::make_shared<DeleteWork>(from, true));
    }
    co_return changed(to, "files", count);
}

Task<net::Response> remove(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::delete_file_shape());
    const auto path = named(files, wanted.path, wanted.path_bytes, "path");
    const auto count = co_await do_all(files, request, std::make_unique<DeleteWork>(path, wanted.recursive));
    co_return changed(path, "files", count);
}

Task<net::Response> chmod(Files& files, net::Request& request) {
    const auto wanted = co_await rest::decode_body(request, ops::change_mode_shape());
    const auto path = files.absolute(wanted.path);
    mode_t mode = 0;
    for (const char digit : wanted.mode) mode = mode * 8 + static_cast<mode_t>(digit - '0');
    const auto count =
        co_await do_all(files, request, std::make_unique<ChmodWork>(path, mode, wanted.recursive));
    co_return changed(path, "files", count);
}

}  // namespace

std::vector<rest::Binding> bind_folders(Files& files) {
    return {
        {"file/list", "POST", bound(files, list)},       {"file/stat", "POST", bound(files, stat)},
        {"file/glob", "POST", bound(files, glob)},       {"file/grep", "POST", bound(files, grep)},
        {"file/mkdir", "POST", bound(files, mkdir)},     {"file/copy", "POST", bound(files, copy)},
        {"file/move", "POST", bound(files, move)},       {"file/chmod", "POST", bound(files, chmod)},
        {"file/symlink", "POST", bound(files, symlink)}, {"file/delete", "POST", bound(files, remove)},
    };
}

}  // namespace carrel::desk::files
