// Changing what there is: directories, modes, links; copying, moving and deleting with all that is below.
//
// Short things are functions; long ones are work for run_in_slices. Nothing follows a link on the way down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/fd.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::files {

/// False when it was there already, which is a conflict unless `parents`.
bool make_folder(const std::string& path, bool parents);
void make_link(const std::string& path, const std::string& target);

/// Renames; false when `to` is on another file system. Throws conflict when `to` exists, unless
/// `overwrite`; a directory that holds something is never replaced.
bool rename_file(const std::string& from, const std::string& to, bool overwrite);
/// "folder/" as a destination means that name in there.
std::string destination_of(const std::string& from, const std::string& to);

/// Deletes one file, an empty directory, or (recursive) all that a directory holds.
class DeleteWork {
public:
    DeleteWork(std::string path, bool recursive);
    bool run(Moment until);
    std::size_t files() const { return files_; }

private:
    struct Frame {
        core::Fd folder;
        std::string name;                ///< in the frame above
        std::vector<std::string> names;  ///< still to be deleted
    };
    void start();
    void step();
    void descend(int folder, const std::string& name);
    core::Error failed(const std::string& name, int error_number) const;

    std::string path_;
    bool recursive_;
    bool is_started_ = false;
    std::vector<Frame> frames_;
    std::size_t files_ = 0;
    Moment end_;
};

/// Copies a file, link or directory with all it holds. Files appear whole, in the place of those that are
/// there (overwrite); directories are merged then. As the first half of a move to another file system it
/// does what a rename does: times are kept, and only an empty directory is replaced by one. It throws
/// Error{conflict} when something vanished meanwhile: that may be back, or elsewhere in the directory, and
/// would be deleted without having been copied.
class CopyWork {
public:
    enum class Purpose { copy, move };
    CopyWork(std::string from, std::string to, bool overwrite, Purpose purpose = Purpose::copy);
    ~CopyWork();
    bool run(Moment until);
    /// What is half done goes; what is there stays, with its modes.
    void abandon();
    std::size_t files() const { return files_; }

private:
    class Copying;
    void start();
    void take(const Walked& found);
    void begin_file(core::Fd source, const std::string& from, std::string to);
    void copy_link(int folder, const std::string& name, const struct stat& facts, const std::string& to);
    void copy_folder(const std::string& to, const struct stat& facts);

    std::string from_;
    std::string to_;
    bool overwrite_;
    Purpose purpose_;
    bool is_started_ = false;
    std::optional<Walk> walk_;
    std::unique_ptr<Copying> copying_;
    std::vector<std::pair<std::string, struct stat>> folders_;  ///< whose modes are set at the end
    std::size_t files_ = 0;
    std::size_t vanished_ = 0;
    Moment end_;
};

/// Sets the permission bits of a file, or (recursive) of all that is below too; links are passed over.
class ChmodWork {
public:
    ChmodWork(std::string path, mode_t mode, bool recursive);
    bool run(Moment until);
    std::size_t files() const { return files_; }

private:
    std::string path_;
    mode_t mode_;
    bool recursive_;
    bool is_started_ = false;
    std::optional<Walk> walk_;
    std::vector<std::string> folders_;  ///< at the end, deepest first: the mode may close them
    std::size_t files_ = 0;
    Moment end_;
};

/// How long one call may change things before it gives up.
constexpr auto change_time = std::chrono::minutes{10};

}  // namespace carrel::desk::files
