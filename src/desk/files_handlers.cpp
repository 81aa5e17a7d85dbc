// The operations on files over HTTP.
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "core/clock.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/files.hpp"
#include "ops/desk_files.hpp"

namespace carrel::desk {

namespace {

/// A text of the largest size, with every character escaped, and the rest of the request.
constexpr std::size_t largest_text_body = std::size_t{40} << 20;

/// {success, output}, or {success:false, error} with what the disk or the text had against it.
Task<net::Response> answer(Task<std::string> work) {
    std::string refusal;
    try {
        co_return json_answer({{"success", true}, {"output", co_await std::move(work)}});
    } catch (const core::Error& error) {
        refusal = error.message();
    }
    co_return failure_answer(refusal);
}

Task<net::Response> view(Files& files, net::Request& request) {
    auto wanted = co_await decode_body(request, ops::view_file_shape());
    co_return co_await answer(files.view(std::move(wanted.path), std::move(wanted.view_range)));
}

Task<net::Response> create(Files& files, net::Request& request) {
    auto wanted = co_await decode_body(request, ops::write_file_shape(), largest_text_body);
    co_return co_await answer(files.create(std::move(wanted.path), std::move(wanted.file_text)));
}

Task<net::Response> write(Files& files, net::Request& request) {
    auto wanted = co_await decode_body(request, ops::write_file_shape(), largest_text_body);
    co_return co_await answer(files.write(std::move(wanted.path), std::move(wanted.file_text)));
}

Task<net::Response> replace(Files& files, net::Request& request) {
    auto wanted = co_await decode_body(request, ops::replace_in_file_shape(), largest_text_body);
    co_return co_await answer(
        files.replace(std::move(wanted.path), std::move(wanted.old_str), std::move(wanted.new_str)));
}

Task<net::Response> insert(Files& files, net::Request& request) {
    auto wanted = co_await decode_body(request, ops::insert_in_file_shape(), largest_text_body);
    co_return co_await answer(
        files.insert(std::move(wanted.path), wanted.insert_line, std::move(wanted.insert_text)));
}

Task<net::Response> list(Files& files, net::Request& request) {
    const auto wanted = co_await decode_body(request, ops::list_files_shape());
    const auto listing = co_await files.list(wanted.path);
    json::Array entries;
    for (const auto& entry : listing.entries)
        entries.push_back(json::Object{{"name", entry.name},
                                       {"path", files.absolute(wanted.path) + "/" + entry.name},
                                       {"is_dir", entry.is_dir},
                                       {"size", entry.size},
                                       {"modified", core::to_rfc3339(entry.modified)}});
    co_return json_answer({{"success", true},
                           {"path", files.absolute(wanted.path)},
                           {"entries", std::move(entries)},
                           {"truncated", listing.is_cut}});
}

Task<net::Response> upload(Files& files, net::Request& request) {
    const auto stored = co_await files.upload(request);
    co_return json_answer(
        {{"success", true}, {"path", core::repair_utf8(stored.path)}, {"size", stored.size}});
}

/// A file's bytes. Exactly as many as were announced: a file that shrinks meanwhile is an error.
class FileSource final : public net::Source {
public:
    FileSource(OpenedFile opened, async::Pool& pool) : opened_{std::move(opened)}, pool_{pool} {}

    Task<std::size_t> read(std::span<char> into) override {
        into = into.first(std::min<std::uint64_t>(into.size(), opened_.size - at_));
        if (into.empty()) co_return 0;
        iovec place{into.data(), into.size()};
        // What the page cache has is there at once; only the disk is worth a thread.
        auto count = ::preadv2(opened_.file.get(), &place, 1, static_cast<off_t>(at_), RWF_NOWAIT);
        if (count < 0) count = co_await read_on_pool(into);
        if (count == 0)
            throw core::Error{core::Code::conflict, opened_.path + " became shorter while it was read"};
        at_ += static_cast<std::uint64_t>(count);
        co_return static_cast<std::size_t>(count);
    }

private:
    Task<ssize_t> read_on_pool(std::span<char> into) {
        // In memory of its own: a reader that goes away does not wait for the disk.
        auto [count, bytes] = co_await async::run_on(
            pool_, [file = opened_.file.duplicate(), path = opened_.path, at = at_, size = into.size()] {
                std::string buffer(size, '\0');
                const auto read = ::pread(file.get(), buffer.data(), size, static_cast<off_t>(at));
                return std::pair{core::checked("read " + path, read), std::move(buffer)};
            });
        std::ranges::copy(std::string_view{bytes}.substr(0, static_cast<std::size_t>(count)), into.begin());
        co_return count;
    }

    OpenedFile opened_;
    async::Pool& pool_;
    std::uint64_t at_ = 0;
};

std::string disposition_of(std::string_view path) {
    const auto name = path.substr(path.rfind('/') + 1);
    return "attachment; filename*=UTF-8''" + core::percent_encode(core::repair_utf8(name));
}

Task<net::Response> download(Files& files, net::Request& request) {
    const auto wanted = decode_query(request, ops::download_file_shape());
    auto opened = co_await files.open(wanted.path);
    const auto tag = '"' + opened.tag + '"';
    net::Response response;
    response.headers.add("ETag", tag);
    if (request.headers.has_token("If-None-Match", tag)) {
        response.status = 304;
        co_return response;
    }
    response.headers.add("Content-Type", "application/octet-stream");
    response.headers.add("Content-Disposition", disposition_of(opened.path));
    response.length = opened.size;
    response.source = std::make_unique<FileSource>(std::move(opened), files.pool());
    co_return response;
}

}  // namespace

std::vector<Binding> bind_files(Files& files) {
    const auto bound = [&files](auto* function) -> OperationHandler {
        return [&files, function](net::Request& request) { return function(files, request); };
    };
    return {
        {"file/view", "POST", bound(view)},     {"file/create", "POST", bound(create)},
        {"file/write", "POST", bound(write)},   {"file/replace", "POST", bound(replace)},
        {"file/insert", "POST", bound(insert)}, {"file/list", "POST", bound(list)},
        {"file/upload", "POST", bound(upload)}, {"file/download", "GET", bound(download)},
    };
}

}  // namespace carrel::desk
