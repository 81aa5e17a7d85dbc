#include "ops/desk/files.hpp"

#include <array>

#include "ops/desk/file_fields.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_file_text = std::size_t{16} << 20;
constexpr auto absolute_path = "an absolute path";

json::Rule text_length() { return length_between(0, longest_file_text); }

constexpr std::array output{
    Member{"output", "string", "what was done or is there, in the words of text editor tools", false}};

constexpr std::array file_table{
    Operation{
        .name = "file/create",
        .method = "POST",
        .request = Body::json,
        .summary = "Writes a new text file, and the directories above it; refuses one that exists.",
        .request_schema = schema<create_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt","file_text":"one\ntwo\nthree\n"})",
    },
    Operation{
        .name = "file/view",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "A text file with line numbers, or what a directory holds two levels deep.",
        .request_schema = schema<view_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt","view_range":[2,3]})",
    },
    Operation{
        .name = "file/write",
        .method = "POST",
        .request = Body::json,
        .summary = "Writes a text to a file: new, over what it held, at its end, or at an offset.",
        .request_schema = schema<write_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt","file_text":"four\n","append":true})",
    },
    Operation{
        .name = "file/replace",
        .method = "POST",
        .request = Body::json,
        .summary = "Replaces the one place where a text stands. LF in old_str and new_str are the file's own "
                   "line ends, "
                   "also where those are CRLF; with a CR in old_str both texts are taken as they are.",
        .request_schema = schema<replace_in_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt","old_str":"two","new_str":"2"})",
    },
    Operation{
        .name = "file/insert",
        .method = "POST",
        .request = Body::json,
        .summary = "Inserts text after a line; its lines end as those of the file.",
        .request_schema = schema<insert_in_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt","insert_line":0,"insert_text":"zero"})",
    },
    Operation{
        .name = "file/undo_edit",
        .method = "POST",
        .request = Body::json,
        .summary = "Takes the last write, replace or insert of a file back, unless it was changed since.",
        .request_schema = schema<named_file_shape>,
        .answer = output,
        .example = R"({"path":"/tmp/example/notes.txt"})",
    },
};

}  // namespace

std::span<const Operation> files_rows() { return file_table; }

const Shape<ViewFile>& view_file_shape() {
    static const Shape<ViewFile> shape{
        field("path", &ViewFile::path, absolute_path, path_length()),
        field("view_range", &ViewFile::view_range, "first and last line; -1 is the end", length_between(2, 2))
            .with_default()};
    return shape;
}

const Shape<CreateFile>& create_file_shape() {
    static const Shape<CreateFile> shape{
        field("path", &CreateFile::path, absolute_path, path_length()),
        field("file_text", &CreateFile::file_text, "what the file shall hold", text_length())};
    return shape;
}

const Shape<WriteFile>& write_file_shape() {
    static const Shape<WriteFile> shape{
        field("path", &WriteFile::path, absolute_path, path_length()),
        field("file_text", &WriteFile::file_text, "what is written", text_length()),
        field("append", &WriteFile::append, "at the end of what the file holds").with_default(),
        field("offset", &WriteFile::offset, "at this byte; what stands after the new text stays",
              between(0, largest_offset))};
    return shape;
}

const Shape<ReplaceInFile>& replace_in_file_shape() {
    static const Shape<ReplaceInFile> shape{
        field("path", &ReplaceInFile::path, absolute_path, path_length()),
        field("old_str", &ReplaceInFile::old_str, "text that stands exactly once in the file",
              length_between(1, longest_file_text)),
        field("new_str", &ReplaceInFile::new_str, "what stands there then; absent: nothing", text_length())
            .with_default()};
    return shape;
}

const Shape<InsertInFile>& insert_in_file_shape() {
    static const Shape<InsertInFile> shape{
        field("path", &InsertInFile::path, absolute_path, path_length()),
        field("insert_line", &InsertInFile::insert_line, "the line after which; 0 is the top",
              between(0, 1'000'000'000)),
        field("insert_text", &InsertInFile::insert_text, "new lines", text_length())};
    return shape;
}

const Shape<NamedFile>& named_file_shape() {
    static const Shape<NamedFile> shape{field("path", &NamedFile::path, absolute_path, path_length())};
    return shape;
}

}  // namespace carrel::ops
