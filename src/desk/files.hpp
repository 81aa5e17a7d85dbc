// The desk's files over HTTP: what editors of models do (view, create, write, replace, insert), and what
// people do (list, upload, download).
//
// The first group answers a refusal as {success:false, error}, with sentences that models know; the
// second group with HTTP's own statuses.
#pragma once

#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "desk/files_disk.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

struct Upload {
    std::string path;
    std::uint64_t size = 0;
};

class Files {
public:
    /// Disk work runs on `pool`; relative paths of list, upload and download begin in `home`.
    Files(async::Pool& pool, std::string home) : pool_{pool}, home_{std::move(home)} {}

    /// A text file's lines with numbers (`range` as in view_text), or what a directory holds.
    Task<std::string> view(std::string path, std::vector<int> range);
    /// A new file; an existing one is a conflict.
    Task<std::string> create(std::string path, std::string text);
    Task<std::string> write(std::string path, std::string text);
    Task<std::string> replace(std::string path, std::string old_text, std::string new_text);
    Task<std::string> insert(std::string path, int line, std::string text);

    Task<Listing> list(std::string path);
    Task<OpenedFile> open(std::string path);
    /// Stores the part `file` of a multipart body at the path in the part `dest_path`: in a directory,
    /// under the sender's name for it. The file appears when it is whole, and replaces what was there.
    Task<Upload> upload(net::Request& request);

    /// Relative ones in the home directory.
    std::string absolute(std::string_view path) const;
    async::Pool& pool() { return pool_; }

private:
    async::Pool& pool_;
    std::string home_;
};

/// file/view, create, write, replace, insert, list, upload, download.
std::vector<Binding> bind_files(Files& files);

}  // namespace carrel::desk
