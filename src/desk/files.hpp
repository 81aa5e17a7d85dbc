// The desk's files over HTTP: what editors of models do (view, create, write, replace, insert, undo_edit),
// what people do with files and folders (list, find, copy, move, delete), and how bytes get in and out.
//
// The first group answers a refusal as {success:false, error}, with sentences that models know; the others
// with HTTP's own statuses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "desk/files_disk.hpp"
#include "desk/files_history.hpp"
#include "desk/handlers.hpp"
#include "desk/turns.hpp"

namespace carrel::desk {

struct Upload {
    std::string path;
    std::uint64_t size = 0;
};

/// Where bytes go in a file that is there.
struct Place {
    bool append = false;
    std::optional<std::uint64_t> offset;
    bool is_whole() const { return !append && !offset; }
};

class Files {
public:
    /// Disk work runs on `pool`; relative paths of all but the editor's calls begin in `home`.
    Files(async::Executor executor, async::Pool& pool, std::string home)
        : executor_{executor}, pool_{pool}, home_{std::move(home)}, edits_{executor} {}

    /// A text file's lines with numbers (`range` as in view_text), or what a directory holds.
    Task<std::string> view(std::string path, std::vector<int> range);
    /// A new file; an existing one is a conflict.
    Task<std::string> create(std::string path, std::string text);
    Task<std::string> write(std::string path, std::string text, Place place);
    Task<std::string> replace(std::string path, std::string old_text, std::string new_text);
    Task<std::string> insert(std::string path, int line, std::string text);
    /// Takes the last of the three before back.
    Task<std::string> undo(std::string path);

    Task<OpenedFile> open(std::string path);
    /// Stores the part `file` of a multipart body at the path in the part `dest_path`: in a directory,
    /// under the sender's name for it. The file appears when it is whole, and replaces what was there.
    Task<Upload> upload(net::Request& request);
    /// Stores the whole body at `path`: as a file that appears when it is whole, or in a place of one.
    Task<Upload> store(net::Request& request, std::string path, Place place);

    /// Relative ones in the home directory. Refuses NUL.
    std::string absolute(std::string_view path) const;
    async::Pool& pool() { return pool_; }
    async::Executor executor() const { return executor_; }
    /// How many streams of file/watch are open.
    std::shared_ptr<int> watchers() const { return watchers_; }

private:
    async::Executor executor_;
    async::Pool& pool_;
    std::string home_;
    /// Who reads a text to write it changed has the next one wait.
    Turns edits_;
    History history_;
    std::shared_ptr<int> watchers_ = std::make_shared<int>(0);
};

/// file/view, create, write, replace, insert, undo_edit.
std::vector<Binding> bind_files(Files& files);
/// file/list, stat, glob, grep, mkdir, copy, move, chmod, symlink, delete.
std::vector<Binding> bind_folders(Files& files);
/// file/read, upload, download, extract, watch.
std::vector<Binding> bind_transfers(Files& files);

}  // namespace carrel::desk
