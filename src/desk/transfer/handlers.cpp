#include "desk/transfer/handlers.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/watch.hpp"
#include "desk/transfer/body_blocks.hpp"
#include "desk/transfer/pack.hpp"
#include "desk/transfer/source.hpp"
#include "desk/transfer/unpack.hpp"
#include "desk/transfer/upload.hpp"
#include "ops/desk/file_fields.hpp"
#include "ops/desk/transfers.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::transfer {

namespace {

net::Response stored_answer(const Upload& stored) {
    json::Object answer{{"success", true}, {"size", stored.size}};
    files::put_path(answer, "path", stored.path);
    return rest::json_answer(answer);
}

Task<net::Response> upload(files::Files& files, net::Request& request) {
    co_return stored_answer(co_await store_form(files, request));
}

Task<net::Response> store(files::Files& files, net::Request& request) {
    const auto wanted = rest::decode_query(request, ops::store_file_shape());
    if (wanted.append && wanted.offset)
        throw rest::Unprocessable{
            {{{"offset"}, "append says where the bytes go; give one of the two", "out_of_range"}}, "query"};
    co_return stored_answer(
        co_await store_body(files, request, files.absolute(wanted.path), {wanted.append, wanted.offset}));
}

/// A part of a file is the answer; `size` is the whole file's.
net::Response bytes_answer(files::OpenedFile opened, ByteRange range, async::Pool& pool) {
    net::Headers headers{{"Content-Type", "application/octet-stream"}};
    if (!opened.has_size)
        return net::stream_response(200, std::move(headers),
                                    make_endless_source(std::move(opened), range.size, pool));
    return net::stream_response(200, std::move(headers), make_file_source(std::move(opened), range, pool),
                                range.size);
}

Task<net::Response> read(files::Files& files, net::Request& request) {
    const auto wanted = rest::decode_query(request, ops::read_file_shape());
    auto opened = co_await files.open(files.absolute(wanted.path));
    const auto offset = static_cast<std::uint64_t>(wanted.offset);
    const auto most = static_cast<std::uint64_t>(wanted.length.value_or(ops::largest_size));
    if (!opened.has_size && offset > 0)
        throw core::Error{core::Code::invalid,
                          opened.path + " has no size: it can only be read from its start"};
    const auto size = opened.size;
    const auto first = std::min(offset, size);
    const ByteRange range{first, opened.has_size ? std::min(most, size - first) : most};
    const auto tag = fmt::format("\"{}\"", opened.tag);
    const bool has_size = opened.has_size;
    auto response = bytes_answer(std::move(opened), range, files.pool());
    response.headers.add("ETag", tag);
    if (has_size) response.headers.add("Content-Range", content_range(range, size));
    co_return response;
}

std::string disposition_of(std::string_view name) {
    return "attachment; filename*=UTF-8''" + core::percent_encode(core::repair_utf8(name));
}

Task<net::Response> download_folder(files::Files& files, net::Request& request, std::string folder,
                                    ops::DownloadFile wanted) {
    request.may_be_dropped = true;
    auto check = co_await async::run_on(files.pool(), [folder, skips = wanted.skip_unreadable] {
        return std::make_shared<PackCheck>(folder, skips);
    });
    co_await files::run_in_slices(files.pool(), check);
    const auto format = *wanted.archive == "tar" ? ArchiveFormat::tar : ArchiveFormat::zip;
    auto packing = co_await async::run_on(files.pool(), [folder, format, skips = wanted.skip_unreadable] {
        return std::make_shared<Packing>(folder, format, skips);
    });
    const auto step = files::last_step(folder);
    auto disposition = disposition_of(fmt::format("{}.{}", step == "/" ? "root" : step, *wanted.archive));
    net::Headers headers{{"Content-Type", "application/octet-stream"},
                         {"Content-Disposition", std::move(disposition)}};
    if (auto left_out = check->left_out(); !left_out.empty())
        headers.add("Carrel-Left-Out", std::move(left_out));
    co_return net::stream_response(200, std::move(headers),
                                   make_archive_source(files.pool(), std::move(packing)));
}

net::Response unsatisfiable(std::uint64_t size, const net::Request& request) {
    const auto range = request.headers.find("Range").value_or("");
    auto response = rest::problem_answer({core::Code::invalid,
                                          fmt::format("the file has {} bytes; \"{}\" is none of them", size,
                                                      core::repair_utf8(range.substr(0, 100))),
                                          "out_of_range"},
                                         request);
    response.headers.add("Content-Range", content_range({}, size));
    return response;
}

Task<net::Response> download_file(files::Files& files, net::Request& request, std::string path) {
    auto opened = co_await files.open(std::move(path));
    const auto tag = fmt::format("\"{}\"", opened.tag);
    const auto modified = http_date(opened.modified);
    net::Response response;
    if (request.headers.has_token("If-None-Match", tag)) {
        response.status = 304;
        response.headers.add("ETag", tag);
        co_return response;
    }
    RangeVerdict verdict;
    const auto condition = request.headers.find("If-Range");
    if (const auto range = request.headers.find("Range");
        range && opened.has_size && (!condition || is_if_range_met(*condition, tag, modified)))
        verdict = judge_range(*range, opened.size);
    const auto size = opened.size;
    if (verdict.kind == RangeVerdict::Kind::unsatisfiable) co_return unsatisfiable(size, request);
    const bool is_part = verdict.kind == RangeVerdict::Kind::part;
    const ByteRange range =
        is_part ? verdict.range : ByteRange{0, opened.has_size ? size : ops::largest_size};
    const auto name = disposition_of(files::last_step(opened.path));
    const bool has_size = opened.has_size;
    response = bytes_answer(std::move(opened), range, files.pool());
    response.headers.add("ETag", tag);
    response.headers.add("Last-Modified", modified);
    response.headers.add("Content-Disposition", name);
    if (has_size) response.headers.add("Accept-Ranges", "bytes");
    if (!is_part) co_return response;
    response.status = 206;
    response.headers.add("Content-Range", content_range(range, size));
    co_return response;
}

Task<net::Response> download(files::Files& files, net::Request& request) {
    auto wanted = rest::decode_query(request, ops::download_file_shape());
    auto path = files.absolute(wanted.path);
    if (wanted.archive)
        co_return co_await download_folder(files, request, std::move(path), std::move(wanted));
    co_return co_await download_file(files, request, std::move(path));
}

net::Response extracted(const std::string& folder, const Unpacker& unpacker) {
    json::Object answer{{"success", true}, {"files", unpacker.files()}, {"size", unpacker.size()}};
    files::put_path(answer, "path", folder);
    json::Array notes;
    for (const auto& note : unpacker.notes()) notes.emplace_back(note);
    if (!notes.empty()) answer["notes"] = std::move(notes);
    return rest::json_answer(answer);
}

/// What was unpacked before the error is there: the caller should know how much.
template <class Unpacking>
Task<> unpack(net::Request& request, async::Pool& pool, std::shared_ptr<Unpacking> work) {
    std::exception_ptr failure;
    try {
        const auto push = [work](std::string_view block) { work->push(block); };
        if constexpr (requires { work->finish(); }) {
            co_await for_each_block(*request.body, request.body_length, pool, push, [work] {
                return work->run(std::chrono::steady_clock::now() + files::slice);
            });
            co_await async::run_on(pool, [work] { work->finish(); });
        } else {
            co_await for_each_block(*request.body, request.body_length, pool, push);
            co_await files::run_in_slices(pool, work);
        }
    } catch (core::Error& error) {
        const auto files = work->unpacker().files();
        if (files > 1) error.during(fmt::format("{} entries were unpacked, but then", files - 1));
        failure = std::current_exception();
    }
    if (!failure) co_return;
    co_await async::run_on(pool, [work] { work->abandon(); });
    std::rethrow_exception(failure);
}

template <class Unpacking>
Task<net::Response> extract_as(files::Files& files, net::Request& request, std::string folder) {
    request.may_be_dropped = true;
    auto& pool = files.pool();
    const auto work = co_await async::run_on(
        pool, [&pool, folder] { return files::ended_by(pool, std::make_unique<Unpacking>(folder)); });
    co_await unpack(request, pool, work);
    co_return extracted(folder, work->unpacker());
}

Task<net::Response> extract(files::Files& files, net::Request& request) {
    const auto wanted = rest::decode_query(request, ops::extract_archive_shape());
    const auto folder = files.absolute(wanted.path);
    if (wanted.archive == "tar") co_return co_await extract_as<TarUnpacking>(files, request, folder);
    co_return co_await extract_as<ZipUnpacking>(files, request, folder);
}

Task<net::Response> watch(files::Files& files, net::Request& request) {
    const auto wanted = rest::decode_query(request, ops::watch_files_shape());
    auto source = co_await files::open_watch(files.executor(), files.pool(), files.watchers(),
                                             files.absolute(wanted.path), wanted.recursive);
    co_return net::stream_response(
        200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}, std::move(source));
}

}  // namespace

std::vector<rest::Binding> bind_transfers(files::Files& files) {
    return {
        {"file/read", "GET", files::bound(files, read)},
        {"file/upload", "POST", files::bound(files, upload)},
        {"file/upload", "PUT", files::bound(files, store)},
        {"file/download", "GET", files::bound(files, download)},
        {"file/extract", "POST", files::bound(files, extract)},
        {"file/watch", "GET", files::bound(files, watch)},
    };
}

}  // namespace carrel::desk::transfer
