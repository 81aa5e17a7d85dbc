// Operations of texts in files, as editors of models know them: their requests and rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> files_rows();

struct ViewFile {
    std::string path;
    std::vector<int> view_range;  ///< first and last line, -1 for the end; empty: everything
};
const json::Shape<ViewFile>& view_file_shape();

struct CreateFile {
    std::string path;
    std::string file_text;
};
const json::Shape<CreateFile>& create_file_shape();

struct WriteFile {
    std::string path;
    std::string file_text;
    bool append = false;
    std::optional<std::int64_t> offset;  ///< in bytes: there, and the rest of the file stays
};
const json::Shape<WriteFile>& write_file_shape();

struct ReplaceInFile {
    std::string path;
    std::string old_str;
    std::string new_str;
};
const json::Shape<ReplaceInFile>& replace_in_file_shape();

struct InsertInFile {
    std::string path;
    int insert_line = 0;  ///< the line after which; 0 is the top
    std::string insert_text;
};
const json::Shape<InsertInFile>& insert_in_file_shape();

/// A request that names one file or folder and nothing else.
struct NamedFile {
    std::string path;
};
const json::Shape<NamedFile>& named_file_shape();

}  // namespace carrel::ops
