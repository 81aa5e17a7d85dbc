#include "ops/desk/transfers.hpp"

#include <array>

#include "ops/desk/file_fields.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::array stored{Member{"path", "string", "where the file is now"},
                            Member{"path_bytes", "string", "the path in base64, when it is not UTF-8", false},
                            Member{"size", "integer", "bytes that were stored"}};
constexpr std::array extracted{
    Member{"path", "string", "the directory"},
    Member{"path_bytes", "string", "the path in base64, when it is not UTF-8", false},
    Member{"files", "integer", "files, directories and links that were made"},
    Member{"size", "integer", "bytes of the files' contents"},
    Member{"notes", "array", "sentences about what is otherwise than the archive says, when something is",
           false}};

constexpr std::array transfer_table{
    Operation{
        .name = "file/read",
        .method = "GET",
        .permission = view,
        .response = Body::bytes,
        .summary = "A file's bytes, from an offset and so many; past the end there are none.",
        .request_schema = schema<read_file_shape>,
        .example = "path=/etc/hostname&offset=0&length=100",
    },
    Operation{
        .name = "file/upload",
        .method = "POST",
        .request = Body::multipart,
        .summary = "Stores the part `file` at the path in the part `dest_path`.",
        .answer = stored,
    },
    Operation{
        .name = "file/upload",
        .method = "PUT",
        .request = Body::bytes,
        .summary = "Stores the body (application/octet-stream, any size) at the path; whole, or at an offset "
                   "of what is there. A whole file takes the place of the old one: other names of that (hard "
                   "links) stay names of the old one.",
        .request_schema = schema<store_file_shape>,
        .answer = stored,
        .example = "path=/tmp/example/data.bin",
    },
    Operation{
        .name = "file/download",
        .method = "GET",
        .permission = view,
        .response = Body::bytes,
        .summary = "A file's bytes, also in part (Range, If-Range, If-None-Match); with `archive`, a whole "
                   "folder. What "
                   "that is without (pipes, sockets, devices, what is skipped) stands in the header "
                   "Carrel-Left-Out.",
        .request_schema = schema<download_file_shape>,
        .example = "path=/etc/hostname",
    },
    Operation{
        .name = "file/extract",
        .method = "POST",
        .request = Body::bytes,
        .summary = "Unpacks the archive in the body (application/octet-stream) below a directory; what would "
                   "leave it is refused. It stops when the client goes away; what is unpacked then, each "
                   "file whole, stays.",
        .request_schema = schema<extract_archive_shape>,
        .answer = extracted,
        .example = "path=/tmp/example/extracted&archive=tar",
        .ends_with_client = true,
    },
    Operation{
        .name = "file/watch",
        .method = "GET",
        .permission = view,
        .response = Body::event_stream,
        .summary = "Events created, modified, deleted, moved and overflow of a directory or file: {path, "
                   "is_dir, from?}. After an overflow, look at what is there: events were lost, or not all "
                   "can be watched; those that follow are right. That the directory itself was removed (or "
                   "that of a file) is told when no program is in it any more.",
        .request_schema = schema<watch_files_shape>,
        .example = "path=/tmp&recursive=true",
    },
};

json::Field<ExtractArchive> folder_field() {
    return field("path", &ExtractArchive::path, "the directory; it is made when there is none",
                 path_length());
}

}  // namespace

std::span<const Operation> transfers_rows() { return transfer_table; }

const Shape<ReadFile>& read_file_shape() {
    static const Shape<ReadFile> shape{
        field("path", &ReadFile::path, any_path, path_length()),
        field("offset", &ReadFile::offset, "the first byte", between(0, largest_offset)).with_default(),
        field("length", &ReadFile::length, "most bytes; absent: to the end", between(0, largest_offset))};
    return shape;
}

const Shape<StoreFile>& store_file_shape() {
    static const Shape<StoreFile> shape{
        field("path", &StoreFile::path, any_path, path_length()),
        field("append", &StoreFile::append, "at the end of what the file holds").with_default(),
        field("offset", &StoreFile::offset, "at this byte; what stands after it stays",
              between(0, largest_offset))};
    return shape;
}

const Shape<DownloadFile>& download_file_shape() {
    static const Shape<DownloadFile> shape{
        field("path", &DownloadFile::path, any_path, path_length()),
        field("archive", &DownloadFile::archive, "a folder as one file: tar or zip", one_of({"tar", "zip"})),
        field("skip_unreadable", &DownloadFile::skip_unreadable,
              "whether an archive leaves out what may not be read; else that is an error")
            .with_default()};
    return shape;
}

const Shape<ExtractArchive>& extract_archive_shape() {
    static const Shape<ExtractArchive> shape{
        folder_field(), field("archive", &ExtractArchive::archive,
                              "what the body is; a tar may be compressed by gzip, bzip2, xz or Zstandard",
                              one_of({"tar", "zip"}))};
    return shape;
}

const Shape<WatchFiles>& watch_files_shape() {
    static const Shape<WatchFiles> shape{
        field("path", &WatchFiles::path, "a directory or file; absent: the home directory",
              json::length_between(0, longest_path))
            .with_default(),
        field("recursive", &WatchFiles::recursive, "also directories below, and those made later")
            .with_default()};
    return shape;
}

}  // namespace carrel::ops
