// Uploads: from the body of a request to the disk, in pieces.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "desk/files.hpp"
#include "desk/multipart.hpp"

namespace carrel::desk {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t longest_path = 4096;
/// What is written at once.
constexpr std::size_t piece_size = std::size_t{256} << 10;

Unprocessable wrong_field(std::string name, std::string message, std::string type) {
    return Unprocessable{{{{std::move(name)}, std::move(message), std::move(type)}}, "body"};
}

/// The parts of one form as they come: `file` in pieces, `dest_path` whole.
class UploadForm {
public:
    explicit UploadForm(std::string_view boundary)
        : parser_{boundary,
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

    /// What has come of the file and was not taken yet.
    std::string& pending() { return pending_; }
    const std::optional<std::string>& destination() const { return destination_; }
    const std::string& filename() const { return filename_; }

private:
    static void require(const core::Expected<void>& result) {
        if (!result) throw Unprocessable{{{{}, result.error().message(), "multipart_invalid"}}, "body"};
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
            pending_ += bytes;
            return;
        }
        *destination_ += bytes;
        if (destination_->size() > longest_path)
            throw wrong_field("dest_path", fmt::format("it is longer than {} bytes", longest_path),
                              "out_of_range");
    }

    MultipartParser parser_;
    std::string part_;
    std::string pending_;
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
    const bool is_in_directory = path.ends_with('/') || is_directory(path);
    if (!is_in_directory) return path;
    if (!path.ends_with('/')) path += '/';
    return path + name_only(filename);
}

Upload keep(NewFile& file, std::string path, std::string_view filename) {
    path = final_path(std::move(path), filename);
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
        throw Error{Code::conflict, fmt::format("{} exists and is no regular file", path)};
    make_parents(path);
    file.keep_as(path, mode_for(path), Existing::replace);
    return {std::move(path), file.size()};
}

}  // namespace

Task<Upload> Files::upload(net::Request& request) {
    const auto boundary = parse_boundary(request.headers.find("Content-Type").value_or(""));
    if (!boundary) throw Unprocessable{{{{}, boundary.error().message(), "multipart_invalid"}}, "body"};
    UploadForm form{*boundary};
    // The destination may come after the file, so the file is made at home and moved.
    auto file = co_await async::run_on(pool_, [this] { return NewFile{home_}; });
    const auto write_pending = [&] { file.write(std::exchange(form.pending(), {})); };
    std::array<char, 65536> buffer;
    while (const auto count = co_await request.body->read(buffer)) {
        form.push({buffer.data(), count});
        if (form.pending().size() >= piece_size) co_await async::run_on(pool_, write_pending);
    }
    form.finish();
    co_return co_await async::run_on(pool_, [&] {
        write_pending();
        return keep(file, absolute(*form.destination()), form.filename());
    });
}

}  // namespace carrel::desk
