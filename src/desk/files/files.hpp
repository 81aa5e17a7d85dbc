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
#include "async/turns.hpp"
#include "desk/files/disk.hpp"
#include "desk/files/history.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::files {

using async::Task;

/// Where bytes go in a file that is there.
struct WritePlace {
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
    Task<std::string> write(std::string path, std::string text, WritePlace place);
    Task<std::string> replace(std::string path, std::string old_text, std::string new_text);
    Task<std::string> insert(std::string path, int line, std::string text);
    /// Takes the last of the three before back.
    Task<std::string> undo(std::string path);

    Task<OpenedFile> open(std::string path);

    /// Relative ones in the home directory. Refuses NUL.
    std::string absolute(std::string_view path) const;
    const std::string& home() const { return home_; }
    async::Pool& pool() { return pool_; }
    async::Executor executor() const { return executor_; }
    /// How many streams of file/watch are open.
    std::shared_ptr<int> watchers() const { return watchers_; }

private:
    async::Executor executor_;
    async::Pool& pool_;
    std::string home_;
    /// Who reads a text to write it changed has the next one wait.
    async::Turns edits_;
    History history_;
    std::shared_ptr<int> watchers_ = std::make_shared<int>(0);
};

/// A function of the handlers as what answers a row. `files` must outlive it.
inline rest::OperationHandler bound(Files& files, Task<net::Response> (*function)(Files&, net::Request&)) {
    return [&files, function](net::Request& request) { return function(files, request); };
}

/// file/view, create, write, replace, insert, undo_edit.
std::vector<rest::Binding> bind_files(Files& files);
/// file/list, stat, glob, grep, mkdir, copy, move, chmod, symlink, delete.
std::vector<rest::Binding> bind_folders(Files& files);

}  // namespace carrel::desk::files
