// A folder as one archive, made while it is sent: nothing is stored on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/run_on.hpp"
#include "desk/archive/entry.hpp"
#include "desk/files/walk.hpp"
#include "net/http.hpp"

namespace carrel::desk::transfer {

enum class ArchiveFormat { tar, zip };

/// Looks through a folder before it is packed, so that what is in the way is an answer and not an end in the
/// middle. Work for run_in_slices.
class PackCheck {
public:
    PackCheck(std::string folder, bool skips_unreadable);
    /// Throws forbidden for what may not be read, exhausted for more than 500,000 entries.
    bool run(files::Moment until);
    /// What the archive will be without, as a header's value: "in/pipe, in/a%20socket, and 3 more", paths
    /// below the folder. Empty when it will be whole.
    std::string left_out() const;

private:
    void leave_out(std::string_view path);

    std::string folder_;
    bool skips_unreadable_;
    files::Walk walk_;
    std::size_t entries_ = 0;
    std::vector<std::string> left_out_;
    std::size_t more_left_out_ = 0;
};

/// The archive's bytes, piece by piece; for the pool. Names begin with the folder's own. Pipes, sockets and
/// devices are left out.
class Packing {
public:
    Packing(std::string folder, ArchiveFormat format, bool skips_unreadable);
    ~Packing();
    /// About 256 KiB of it; empty at its end. Throws when a file cannot be read, or changed meanwhile.
    std::string next();

private:
    class Writer;
    class TarEntries;
    class ZipEntries;
    void open_next();
    void read_content();

    std::string folder_;
    std::string prefix_;
    bool skips_unreadable_;
    files::Walk walk_;
    std::unique_ptr<Writer> writer_;
    core::Fd file_;
    std::string file_path_;
    std::uint64_t left_ = 0;
    std::unique_ptr<char[]> buffer_;
    std::string ready_;
    bool is_begun_ = false;
    bool is_done_ = false;
};

/// The same as a body.
std::unique_ptr<net::Source> make_archive_source(async::Pool& pool, std::shared_ptr<Packing> packing);

}  // namespace carrel::desk::transfer
