// Operations of files as wholes and of folders: what there is, finding, copying, moving, deleting.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> folders_rows();

struct StatFile {
    std::optional<std::string> path;
    std::optional<std::string> path_bytes;  ///< instead, in base64: for names that are no UTF-8
};
const json::Shape<StatFile>& stat_file_shape();

struct ListFiles {
    std::string path;  ///< empty: the home directory
    int depth = 1;
    std::optional<std::string> glob;
    bool hidden = true;
    int limit = 10'000;
};
const json::Shape<ListFiles>& list_files_shape();

struct GlobFiles {
    std::string pattern;
    std::string path;  ///< empty: the home directory
    bool hidden = false;
    int limit = 1000;
};
const json::Shape<GlobFiles>& glob_files_shape();

struct GrepFiles {
    std::string pattern;
    std::string path;  ///< empty: the home directory
    std::optional<std::string> glob;
    bool ignore_case = false;
    bool literal = false;
    bool hidden = false;
    int context = 0;
    int limit = 200;
};
const json::Shape<GrepFiles>& grep_files_shape();

struct MakeFolder {
    std::string path;
    bool parents = true;
};
const json::Shape<MakeFolder>& make_folder_shape();

/// Of file/copy and file/move.
struct TransferFile {
    std::optional<std::string> from;
    std::optional<std::string> from_bytes;
    std::string to;
    bool overwrite = false;
};
const json::Shape<TransferFile>& transfer_file_shape();

struct DeleteFile {
    std::optional<std::string> path;
    std::optional<std::string> path_bytes;
    bool recursive = false;
};
const json::Shape<DeleteFile>& delete_file_shape();

struct ChangeMode {
    std::string path;
    std::string mode;  ///< octal digits
    bool recursive = false;
};
const json::Shape<ChangeMode>& change_mode_shape();

struct MakeLink {
    std::string path;
    std::string target;
};
const json::Shape<MakeLink>& make_link_shape();

}  // namespace carrel::ops
