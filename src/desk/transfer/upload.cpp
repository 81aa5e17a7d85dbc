#include "desk/transfer/upload.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "desk/files/paths.hpp"
#include "desk/transfer/body_blocks.hpp"
#include "desk/transfer/multipart.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::transfer {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t longest_path = 4096;

rest::Unprocessable wrong_field(std::string name, std::string message, std::string type) {
    return rest::Unprocessable{{{{std::move(name)}, std::move(message), std::move(type)}}, "body"};
}

/// The parts of one form as they come: `file` goes on in pieces, `dest_path` is kept.
class UploadForm {
public:
    UploadForm(std::string_view boundary, files::NewFile& file)
        : file_{file},
          parser_{boundary,
                  {.begin = [this](PartHead head) { begin(std::move(head)); },
                   .data = [this](std::string_view bytes) { take(bytes); },
                   .end = [this] { part_.clear(); }}} {}

    /// Throws for what is no such form.
    void push(std::string_view bytes) { require(parser_.push(bytes)); }
    void finish() {
        require(parser_.finish());
        if (!has_file_) throw wrong_field("file", "this field is required", "missing");
        if (!destination_ || destination_->empty())
            throw wrong_field("dest_path", "this field is required", "missing");
    }

    const std::optional<std::string>& destination() const { return destination_; }
    const std::string& filename() const { return filename_; }

private:
    static void require(const core::Expected<void>& result) {
        if (!result) throw rest::Unprocessable{{{{}, result.error().message(), "multipart_invalid"}}, "body"};
    }

    void begin(PartHead head) {
        part_ = std::move(head.name);
        if (part_ == "file") {
            if (std::exchange(has_file_, true))
                throw wrong_field("file", "one file at a time", "out_of_range");
            filename_ = head.filename.value_or("");
        } else if (part_ == "dest_path") {
            if (destination_) throw wrong_field("dest_path", "it stands twice", "out_of_range");
            destination_.emplace();
        } else {
            throw wrong_field(part_, "there is no such field; an upload has `file` and `dest_path`",
                              "unknown_field");
        }
    }

    void take(std::string_view bytes) {
        if (part_ == "file") {
            file_.write(bytes);
            return;
        }
        *destination_ += bytes;
        if (destination_->size() > longest_path)
            throw wrong_field("dest_path", fmt::format("it is longer than {} bytes", longest_path),
                              "out_of_range");
    }

    files::NewFile& file_;
    MultipartParser parser_;
    std::string part_;
    std::string filename_;
    std::optional<std::string> destination_;
    bool has_file_ = false;
};

/// The last step of a path that a browser on any system sends as a file's name.
std::string name_only(std::string_view filename) {
    const auto name = filename.substr(filename.find_last_of("/\\") + 1);
    return name.empty() || name == "." || name == ".." ? "upload" : std::string{name};
}

std::string final_path(std::string path, std::string_view filename) {
    const bool is_in_directory = path.ends_with('/') || files::is_directory(path);
    if (!is_in_directory) return path;
    if (!path.ends_with('/')) path += '/';
    return path + name_only(filename);
}

Upload keep(files::NewFile& file, std::string path, std::string_view filename) {
    path = files::resolved(final_path(std::move(path), filename));
    const auto mode = files::check_replaceable(path);
    files::make_parents(path);
    file.keep_as(path, mode, files::Existing::replace);
    return {std::move(path), file.size()};
}

files::NewFile make_beside(const std::string& path, std::optional<std::uint64_t> size) {
    files::check_replaceable(path);
    files::make_parents(path);
    files::NewFile file{files::folder_of(path)};
    files::require_room(file.descriptor(), size.value_or(0));
    return file;
}

Task<Upload> store_whole(net::Request& request, std::string path, async::Pool& pool) {
    // A link to a file stays one.
    path = co_await async::run_on(pool, [path] { return files::resolved(path); });
    auto file =
        co_await async::run_on(pool, [path, size = request.body_length] { return make_beside(path, size); });
    co_await for_each_block(*request.body, request.body_length, pool,
                            [&file](std::string_view block) { file.write(block); });
    co_return co_await async::run_on(pool, [&file, &path] {
        file.keep_as(path, files::check_replaceable(path), files::Existing::replace);
        return Upload{path, file.size()};
    });
}

Task<Upload> store_at(net::Request& request, std::string path, std::optional<std::uint64_t> offset,
                      async::Pool& pool) {
    auto file = co_await async::run_on(pool, [path, offset, size = request.body_length] {
        auto opened = files::open_writable(path, offset);
        if (size) files::require_room(opened.file.get(), *size);
        return opened;
    });
    const auto first = file.at;
    co_await for_each_block(*request.body, request.body_length, pool,
                            [&file](std::string_view block) { files::write_on(file, block); });
    co_return Upload{std::move(path), file.at - first};
}

}  // namespace

Task<Upload> store_form(files::Files& files, net::Request& request) {
    const auto boundary = parse_boundary(request.headers.find("Content-Type").value_or(""));
    if (!boundary) throw rest::Unprocessable{{{{}, boundary.error().message(), "multipart_invalid"}}, "body"};
    // The destination may come after the file, so the file is made at home and moved.
    auto file = co_await async::run_on(files.pool(), [&files] { return files::NewFile{files.home()}; });
    UploadForm form{*boundary, file};
    co_await for_each_block(*request.body, request.body_length, files.pool(),
                            [&form](std::string_view block) { form.push(block); });
    form.finish();
    co_return co_await async::run_on(
        files.pool(), [&] { return keep(file, files.absolute(*form.destination()), form.filename()); });
}

Task<Upload> store_body(files::Files& files, net::Request& request, std::string path,
                        files::WritePlace place) {
    if (path.ends_with('/'))
        throw Error{Code::invalid, fmt::format("{} ends in /: a file's own name is wanted", path)};
    if (place.is_whole()) co_return co_await store_whole(request, std::move(path), files.pool());
    co_return co_await store_at(request, std::move(path), place.append ? std::nullopt : place.offset,
                                files.pool());
}

}  // namespace carrel::desk::transfer
