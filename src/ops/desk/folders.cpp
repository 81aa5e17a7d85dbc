#include "ops/desk/folders.hpp"

#include <algorithm>
#include <array>

#include "ops/desk/file_fields.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr int most_results = 100'000;

constexpr Member path_member{"path", "string",
                             "the absolute path; bytes that are not UTF-8 are told as U+FFFD"};
constexpr Member path_bytes_member{"path_bytes", "string", "the path in base64, when it is not UTF-8", false};
constexpr Member folder_truncated{"truncated", "boolean", "there is more than was told"};
constexpr Member truncated_by{"truncated_by", "string", "\"limit\" or \"time\"", false};

constexpr std::array listed{
    path_member, path_bytes_member,
    Member{"entries", "array",
           "of objects: name, path, type (file, directory, symlink, fifo, socket, device), is_dir (links "
           "followed), size in bytes, mode in octal, modified (RFC 3339), target of a link; name_bytes and "
           "path_bytes in base64 when they are not UTF-8"},
    folder_truncated, truncated_by};
constexpr std::array known{
    path_member,
    path_bytes_member,
    Member{"name", "string", "the path's last step"},
    Member{"name_bytes", "string", "the name in base64, when it is not UTF-8", false},
    Member{"type", "string", "file, directory, symlink, fifo, socket or device"},
    Member{"is_dir", "boolean", "whether it is a directory, or a link to one"},
    Member{"size", "integer", "bytes"},
    Member{"mode", "string", "permission bits in octal, as \"0644\""},
    Member{"uid", "integer", "the owner's number"},
    Member{"gid", "integer", "the group's number"},
    Member{"owner", "string", "the owner's name, when the desk knows one", false},
    Member{"links", "integer", "how many names the file has"},
    Member{"modified", "string", "RFC 3339"},
    Member{"etag", "string", "as file/download gives it, of a regular file", false},
    Member{"target", "string", "where a link points", false},
    Member{"target_bytes", "string", "the target in base64, when it is not UTF-8", false}};
constexpr std::array globbed{
    path_member, path_bytes_member,
    Member{"matches", "array", "paths, sorted; an object {path, path_bytes} for one that is not UTF-8"},
    folder_truncated, truncated_by};
constexpr std::array grepped{
    path_member,
    path_bytes_member,
    Member{
        "matches", "array",
        "of objects: path, line (from 1), text (clipped at 1000 bytes), before and after (lines around it, "
        "with `context`)"},
    Member{"files", "integer", "text files that were read"},
    Member{"skipped", "integer", "binary files, and what may not be read"},
    folder_truncated,
    truncated_by};
constexpr std::array made{path_member, path_bytes_member,
                          Member{"created", "boolean", "false: the directory was there already"}};
constexpr std::array transferred{path_member, path_bytes_member,
                                 Member{"files", "integer", "files, directories and links, in all"}};
constexpr std::array changed{path_member, path_bytes_member,
                             Member{"files", "integer", "files and directories that were changed"}};
constexpr std::array linked{path_member, path_bytes_member};

constexpr std::array folder_table{
    Operation{
        .name = "file/list",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "What a directory holds; with depth, also what is below.",
        .request_schema = schema<list_files_shape>,
        .answer = listed,
        .example = R"({"path":"/tmp/example","depth":2,"glob":"*.txt"})",
    },
    Operation{
        .name = "file/stat",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "What is known of a file, directory or link; a link is not followed.",
        .request_schema = schema<stat_file_shape>,
        .answer = known,
        .example = R"({"path":"/tmp/example/notes.txt"})",
    },
    Operation{
        .name = "file/glob",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "Paths that match a pattern with *, ?, [a-z], {a,b} and ** for any directories.",
        .request_schema = schema<glob_files_shape>,
        .answer = globbed,
        .example = R"({"pattern":"**/*.txt","path":"/tmp/example"})",
    },
    Operation{
        .name = "file/grep",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary =
            "Lines of text files that match a regular expression (RE2: linear time, no back-references).",
        .request_schema = schema<grep_files_shape>,
        .answer = grepped,
        .example = R"({"pattern":"^one|three$","path":"/tmp/example"})",
    },
    Operation{
        .name = "file/mkdir",
        .method = "POST",
        .request = Body::json,
        .summary = "Makes a directory, and those above it.",
        .request_schema = schema<make_folder_shape>,
        .answer = made,
        .example = R"({"path":"/tmp/example/folder/inner"})",
    },
    Operation{
        .name = "file/copy",
        .method = "POST",
        .request = Body::json,
        .summary = "Copies a file, or a directory with all it holds. A path that ends in / means into there. "
                   "It stops when the client goes away; what is copied then, each file whole, stays, as "
                   "after an error.",
        .request_schema = schema<transfer_file_shape>,
        .answer = transferred,
        .example = R"({"from":"/tmp/example/notes.txt","to":"/tmp/example/folder/"})",
        .ends_with_client = true,
    },
    Operation{
        .name = "file/move",
        .method = "POST",
        .request = Body::json,
        .summary = "Gives a file or directory another path, also on another file system: there it is copied, "
                   "which stops when the client goes away and leaves both, and then deleted here.",
        .request_schema = schema<transfer_file_shape>,
        .answer = transferred,
        .example = R"({"from":"/tmp/example/folder","to":"/tmp/example/moved"})",
        .ends_with_client = true,
    },
    Operation{
        .name = "file/chmod",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Sets the permission bits of a file or directory; recursive, it stops when the client goes away.",
        .request_schema = schema<change_mode_shape>,
        .answer = changed,
        .example = R"({"path":"/tmp/example/notes.txt","mode":"0600"})",
        .ends_with_client = true,
    },
    Operation{
        .name = "file/symlink",
        .method = "POST",
        .request = Body::json,
        .summary = "Makes a symbolic link.",
        .request_schema = schema<make_link_shape>,
        .answer = linked,
        .example = R"({"path":"/tmp/example/link","target":"notes.txt"})",
    },
    Operation{
        .name = "file/delete",
        .method = "POST",
        .request = Body::json,
        .summary = "Deletes a file or link, an empty directory, or a directory with all it holds; it stops "
                   "when the client goes away, and the rest stays.",
        .request_schema = schema<delete_file_shape>,
        .answer = changed,
        .example = R"({"path":"/tmp/example/moved","recursive":true})",
        .ends_with_client = true,
    },
};

json::Rule octal_digits() {
    const auto check = [](const json::Value& value) -> std::optional<std::string> {
        const auto* text = value.if_string();
        const bool is_good = text && text->size() >= 3 && text->size() <= 4 &&
                             std::ranges::all_of(*text, [](char c) { return c >= '0' && c <= '7'; });
        if (is_good) return std::nullopt;
        return "three or four octal digits are wanted, as \"644\" or \"0755\"";
    };
    return {check, {{"pattern", "^[0-7]{3,4}$"}}};
}

template <class Request>
json::Field<Request> folder_field(std::string Request::* member) {
    return field("path", member, "where; absent: the home directory", length_between(0, longest_path))
        .with_default();
}

constexpr auto in_base64 = "instead of it, in base64: for a name that is no UTF-8";

template <class Request>
json::Field<Request> limit_field(int Request::* member) {
    return field("limit", member, "most results", between(1, most_results)).with_default();
}

}  // namespace

std::span<const Operation> folders_rows() { return folder_table; }

const Shape<StatFile>& stat_file_shape() {
    static const Shape<StatFile> shape{field("path", &StatFile::path, any_path, path_length()),
                                       field("path_bytes", &StatFile::path_bytes, in_base64, path_length())};
    return shape;
}

const Shape<ListFiles>& list_files_shape() {
    static const Shape<ListFiles> shape{
        folder_field(&ListFiles::path),
        field("depth", &ListFiles::depth, "levels; 1 is the directory itself", between(1, 100))
            .with_default(),
        field("glob", &ListFiles::glob, "only what matches; without a / the name alone",
              length_between(1, longest_path)),
        field("hidden", &ListFiles::hidden, "whether names that begin with a dot are told").with_default(),
        limit_field(&ListFiles::limit)};
    return shape;
}

const Shape<GlobFiles>& glob_files_shape() {
    static const Shape<GlobFiles> shape{
        field("pattern", &GlobFiles::pattern, "relative to path, or absolute", path_length()),
        folder_field(&GlobFiles::path),
        field("hidden", &GlobFiles::hidden, "whether *, ? and ** match names that begin with a dot")
            .with_default(),
        limit_field(&GlobFiles::limit)};
    return shape;
}

const Shape<GrepFiles>& grep_files_shape() {
    static const Shape<GrepFiles> shape{
        field("pattern", &GrepFiles::pattern, "a regular expression in RE2's syntax",
              length_between(1, 10'000)),
        field("path", &GrepFiles::path, "a directory or a file; absent: the home directory",
              length_between(0, longest_path))
            .with_default(),
        field("glob", &GrepFiles::glob, "only files that match; without a / the name alone",
              length_between(1, longest_path)),
        field("ignore_case", &GrepFiles::ignore_case, "whether A is a").with_default(),
        field("literal", &GrepFiles::literal, "whether the pattern is plain text").with_default(),
        field("hidden", &GrepFiles::hidden, "whether hidden files and directories are searched")
            .with_default(),
        field("context", &GrepFiles::context, "lines told before and after each", between(0, 20))
            .with_default(),
        limit_field(&GrepFiles::limit)};
    return shape;
}

const Shape<MakeFolder>& make_folder_shape() {
    static const Shape<MakeFolder> shape{
        field("path", &MakeFolder::path, any_path, path_length()),
        field("parents", &MakeFolder::parents, "whether those above are made and an existing one is no error")
            .with_default()};
    return shape;
}

const Shape<TransferFile>& transfer_file_shape() {
    static const Shape<TransferFile> shape{
        field("from", &TransferFile::from, any_path, path_length()),
        field("from_bytes", &TransferFile::from_bytes, in_base64, path_length()),
        field("to", &TransferFile::to, "the new path; ending in /: the directory that gets it",
              path_length()),
        field("overwrite", &TransferFile::overwrite, "whether files that are there may be replaced")
            .with_default()};
    return shape;
}

const Shape<DeleteFile>& delete_file_shape() {
    static const Shape<DeleteFile> shape{
        field("path", &DeleteFile::path, any_path, path_length()),
        field("path_bytes", &DeleteFile::path_bytes, in_base64, path_length()),
        field("recursive", &DeleteFile::recursive, "whether a directory goes with all it holds")
            .with_default()};
    return shape;
}

const Shape<ChangeMode>& change_mode_shape() {
    static const Shape<ChangeMode> shape{
        field("path", &ChangeMode::path, any_path, path_length()),
        field("mode", &ChangeMode::mode, "octal digits, as \"644\" or \"0755\"", octal_digits()),
        field("recursive", &ChangeMode::recursive, "also all that a directory holds").with_default()};
    return shape;
}

const Shape<MakeLink>& make_link_shape() {
    static const Shape<MakeLink> shape{
        field("path", &MakeLink::path, any_path, path_length()),
        field("target", &MakeLink::target, "what the link says; relative to the link's directory",
              path_length())};
    return shape;
}

}  // namespace carrel::ops
