#include "ops/desk_files.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::Shape;

constexpr std::size_t longest_path = 4096;
constexpr std::size_t longest_text = std::size_t{16} << 20;
constexpr auto absolute_path = "an absolute path";
constexpr auto view = Permission::view;
constexpr auto control = Permission::control;

json::Rule path_length() { return length_between(1, longest_path); }

constexpr std::array rows{
    Operation{"file/view", "POST", "/file/view", view, Body::json, Body::json,
              "A text file with line numbers, or what a directory holds.", schema<view_file_shape>},
    Operation{"file/create", "POST", "/file/create", control, Body::json, Body::json,
              "Writes a new file; refuses one that exists.", schema<write_file_shape>},
    Operation{"file/write", "POST", "/file/write", control, Body::json, Body::json,
              "Writes a file, new or over what it held.", schema<write_file_shape>},
    Operation{"file/replace", "POST", "/file/replace", control, Body::json, Body::json,
              "Replaces the one place where a text stands.", schema<replace_in_file_shape>},
    Operation{"file/insert", "POST", "/file/insert", control, Body::json, Body::json,
              "Inserts text after a line.", schema<insert_in_file_shape>},
    Operation{"file/list", "POST", "/file/list", view, Body::json, Body::json, "What a directory holds.",
              schema<list_files_shape>},
    Operation{"file/upload", "POST", "/file/upload", control, Body::multipart, Body::json,
              "Stores the part `file` at the path in the part `dest_path`."},
    Operation{"file/download", "GET", "/file/download", view, Body::none, Body::bytes, "A file's bytes.",
              schema<download_file_shape>},
};

}  // namespace

std::span<const Operation> files_rows() { return rows; }

const Shape<ViewFile>& view_file_shape() {
    static const Shape<ViewFile> shape{
        field("path", &ViewFile::path, absolute_path, path_length()),
        field("view_range", &ViewFile::view_range, "first and last line; -1 is the end", length_between(2, 2))
            .with_default()};
    return shape;
}

const Shape<WriteFile>& write_file_shape() {
    static const Shape<WriteFile> shape{field("path", &WriteFile::path, absolute_path, path_length()),
                                        field("file_text", &WriteFile::file_text, "what the file shall hold",
                                              length_between(0, longest_text))};
    return shape;
}

const Shape<ReplaceInFile>& replace_in_file_shape() {
    static const Shape<ReplaceInFile> shape{
        field("path", &ReplaceInFile::path, absolute_path, path_length()),
        field("old_str", &ReplaceInFile::old_str, "text that stands exactly once in the file",
              length_between(1, longest_text)),
        field("new_str", &ReplaceInFile::new_str, "what stands there then; absent: nothing",
              length_between(0, longest_text))
            .with_default()};
    return shape;
}

const Shape<InsertInFile>& insert_in_file_shape() {
    static const Shape<InsertInFile> shape{
        field("path", &InsertInFile::path, absolute_path, path_length()),
        field("insert_line", &InsertInFile::insert_line, "the line after which; 0 is the top",
              between(0, 1'000'000'000)),
        field("insert_text", &InsertInFile::insert_text, "new lines", length_between(0, longest_text))};
    return shape;
}

const Shape<ListFiles>& list_files_shape() {
    static const Shape<ListFiles> shape{field("path", &ListFiles::path,
                                              "a directory; absent: the home directory",
                                              length_between(0, longest_path))
                                            .with_default()};
    return shape;
}

const Shape<DownloadFile>& download_file_shape() {
    static const Shape<DownloadFile> shape{field("path", &DownloadFile::path, "of the file", path_length())};
    return shape;
}

}  // namespace carrel::ops
