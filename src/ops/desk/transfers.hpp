// Operations that carry files' bytes: reading in ranges, uploads, downloads, archives, and watching.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> transfers_rows();

struct ReadFile {
    std::string path;
    std::int64_t offset = 0;             ///< bytes
    std::optional<std::int64_t> length;  ///< bytes; absent: to the end
};
const json::Shape<ReadFile>& read_file_shape();

/// The query of PUT file/upload.
struct StoreFile {
    std::string path;
    bool append = false;
    std::optional<std::int64_t> offset;
};
const json::Shape<StoreFile>& store_file_shape();

struct DownloadFile {
    std::string path;
    std::optional<std::string> archive;  ///< "tar" or "zip": the whole folder
    bool skip_unreadable = false;
};
const json::Shape<DownloadFile>& download_file_shape();

struct ExtractArchive {
    std::string path;
    std::string archive;  ///< "tar" or "zip"
};
const json::Shape<ExtractArchive>& extract_archive_shape();

struct WatchFiles {
    std::string path;  ///< empty: the home directory
    bool recursive = false;
};
const json::Shape<WatchFiles>& watch_files_shape();

}  // namespace carrel::ops
