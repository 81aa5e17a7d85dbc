// Files in the making: they appear under their name when they are whole, and a disk that is full, a sender
// that breaks off or a crash leaves what was there before.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace carrel::desk::files {

enum class Existing { refuse, replace };

/// Under a name of its own (".carrel-XXXXXX"); gone again unless it was kept.
class NewFile {
public:
    /// In `directory`, which must exist.
    explicit NewFile(const std::string& directory);
    ~NewFile();
    NewFile(NewFile&&) noexcept = default;
    NewFile& operator=(NewFile&&) = delete;

    void write(std::string_view bytes);
    /// Copies at most `most` bytes from where `source` stands, in the kernel where it can; false at its end.
    bool copy_from(int source, std::size_t most);
    std::uint64_t size() const { return size_; }
    int descriptor() const { return file_.get(); }
    /// Gives it `path` as its name. Throws conflict when that exists and shall not be replaced, or is a
    /// directory. Copies when `path` is on another file system.
    void keep_as(const std::string& path, mode_t mode, Existing existing);

private:
    void copy_to(const std::string& path, mode_t mode, Existing existing);

    core::Fd file_;
    std::string path_;
    std::uint64_t size_ = 0;
};

/// What is given to the kernel at once. ext4 takes memory for as much in one piece, and the kernel keeps
/// pieces of up to 32 KiB at hand for each processor; larger ones it has to look for (measured: 64 KiB at
/// once 0.6 GB/s, 512 KiB 0.5, 32 KiB 3).
constexpr std::size_t write_piece = std::size_t{32} << 10;

/// All of `bytes`, in such pieces; throws disk_error.
void write_pieces(int file, std::string_view bytes);

/// Throws exhausted when the file system of `folder` has no room for `size` bytes more.
void require_room(int folder_or_file, std::uint64_t size);

}  // namespace carrel::desk::files
