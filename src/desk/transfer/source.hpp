// A file's bytes as a body.
#pragma once

#include <memory>

#include "async/run_on.hpp"
#include "desk/files/disk.hpp"
#include "desk/transfer/range.hpp"
#include "net/http.hpp"

namespace carrel::desk::transfer {

/// Exactly the bytes of `range`: a file that shrinks meanwhile is an error.
std::unique_ptr<net::Source> make_file_source(files::OpenedFile file, ByteRange range, async::Pool& pool);

/// From where `file` stands to the end that reading finds, at most `most` bytes: for files without a size.
std::unique_ptr<net::Source> make_endless_source(files::OpenedFile file, std::uint64_t most,
                                                 async::Pool& pool);

}  // namespace carrel::desk::transfer
