// Uploads: from the body of a request to the disk, in pieces.
#pragma once

#include <cstdint>
#include <string>

#include "desk/files/files.hpp"
#include "net/http.hpp"

namespace carrel::desk::transfer {

using async::Task;

struct Upload {
    std::string path;
    std::uint64_t size = 0;  ///< bytes
};

/// Stores the part `file` of a multipart body at the path in the part `dest_path`: in a directory, under the
/// sender's name for it. The file appears when it is whole, and replaces what was there.
Task<Upload> store_form(files::Files& files, net::Request& request);

/// Stores the whole body at `path`: as a file that appears when it is whole, or in a place of one.
Task<Upload> store_body(files::Files& files, net::Request& request, std::string path,
                        files::WritePlace place);

}  // namespace carrel::desk::transfer
