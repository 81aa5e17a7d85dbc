// An image while it is made: a folder beside its place that is gone when the work does not get to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "image/catalog.hpp"

namespace carrel::image {

/// Receives a line at each step of the work, for a person who waits.
using Progress = std::function<void(std::string_view line)>;

/// What the files do not say.
struct Nature {
    jail::wire::ImageFacts facts = {};
    bool is_imported = false;
};

class Draft {
public:
    /// Of images/`name`/`hash` below `data`, which is absolute.
    Draft(const std::string& data, std::string name, std::string hash);
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft();

    const std::string& path() const { return path_; }
    std::string root() const { return path_ + "/root"; }  ///< becomes the image's
    std::string work() const { return path_ + "/work"; }  ///< is removed

    /// Describes what is in root(), brings it to the disk and renames it into its place.
    Image complete(const Nature& nature, const Progress& progress);

private:
    std::string name_;
    std::string hash_;
    std::string place_;
    std::string path_;
};

/// Makes the image with the lock held: `work` gets the draft. Left-overs of killed processes are swept first
/// and of this one when it fails. Tells the start and the end of it. Throws forbidden when the caller is not
/// root.
Image make_image(const std::string& data, const std::string& name, const std::string& hash,
                 const Progress& progress, const std::function<Nature(Draft&)>& work);

/// Bytes on the disk, hard links once.
std::uint64_t size_of(const std::string& folder);

/// No link is followed at the end of `path`.
void write_file(const std::string& path, std::string_view text);

}  // namespace carrel::image
