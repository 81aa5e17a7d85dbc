#include "image/draft.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "core/clock.hpp"
#include "core/deletion.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/inside.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

constexpr double bytes_of_megabyte = 1e6;

/// By dpkg's list; of a layer that installs nothing, that of the next one down.
std::uint64_t count_packages(const std::vector<std::string>& roots) {
    for (const auto& root : roots) {
        const auto status = find_text_inside(root, "var/lib/dpkg/status", std::size_t{64} << 20);
        if (!status) continue;
        std::uint64_t count = 0;
        for (const auto line : core::split(*status, '\n')) count += line.starts_with("Package: ") ? 1 : 0;
        return count;
    }
    return 0;
}

/// A rename is only worth something when what it names has reached the disk.
void reach_disk(const std::string& folder) {
    const auto directory = core::open_file(folder, O_RDONLY | O_DIRECTORY);
    core::checked("sync " + folder, ::syncfs(directory.get()));
}

std::string images_of_place(const std::string& place) {
    return fs::path{place}.parent_path().parent_path().string();
}

}  // namespace

Draft::Draft(const std::string& data, std::string name, std::string hash)
    : name_{std::move(name)},
      hash_{std::move(hash)},
      place_{fmt::format("{}/images/{}/{}", data, name_, hash_)},
      path_{fmt::format("{}/images/{}/.building-{}", data, name_, core::random_hex(12))} {
    fs::create_directories(path_);
    fs::permissions(path_, fs::perms::owner_all);
    fs::create_directories(root());
    fs::create_directories(work() + "/tmp");
}

Draft::~Draft() {
    // An archive may have been unpacked to any depth.
    if (!path_.empty()) core::delete_path(path_);
}

Image Draft::complete(const Nature& nature, const Progress& progress) {
    core::delete_path(work());
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::vector<std::string> roots{root()};
    for (const auto& layer : nature.facts.below)
        roots.push_back(fmt::format("{}/{}/{}/root", images_of_place(place_), layer.image, layer.hash));
    const Image image{name_,
                      hash_,
                      place_ + "/root",
                      core::to_rfc3339(now),
                      size_of(root()),
                      count_packages(roots),
                      nature.facts,
                      nature.is_imported};
    write_description(path_, image);
    progress("writing to the disk");
    core::checked("chmod " + root(), ::chmod(root().c_str(), 0755));
    reach_disk(path_);
    core::checked("chmod " + path_, ::chmod(path_.c_str(), 0755));
    fs::rename(path_, place_);
    path_.clear();
    return image;
}

Image make_image(const std::string& data, const std::string& name, const std::string& hash,
                 const Progress& progress, const std::function<Nature(Draft&)>& work) {
    const auto short_name = fmt::format("{} {:.12}", name, hash);
    if (auto present = find_image(data, name, hash)) {
        progress(fmt::format("image {} is there already", short_name));
        return std::move(*present);
    }
    if (::geteuid() != 0)
        throw Error{Code::forbidden, "an image is made by root (its files belong to many users); use sudo"};
    const auto start = std::chrono::steady_clock::now();
    const auto lock = lock_images(data);
    sweep_images(data);
    progress(fmt::format("building image {}", short_name));
    try {
        Draft draft{data, name, hash};
        const auto image = draft.complete(work(draft), progress);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        progress(fmt::format("image {} is ready: {} packages, {:.0f} MB, {:.0f} s", short_name,
                             image.packages, static_cast<double>(image.size) / bytes_of_megabyte,
                             took.count()));
        return image;
    } catch (Error& error) {
        sweep_images(data);
        throw error.during("building image " + name);
    } catch (...) {
        sweep_images(data);
        throw;
    }
}

std::uint64_t size_of(const std::string& folder) {
    std::uint64_t blocks = 0;
    std::set<ino_t> linked;
    for (const auto& entry : fs::recursive_directory_iterator{folder}) {
        struct stat status{};
        core::checked("stat " + entry.path().string(), ::lstat(entry.path().c_str(), &status));
        if (status.st_nlink > 1 && S_ISREG(status.st_mode) && !linked.insert(status.st_ino).second) continue;
        blocks += static_cast<std::uint64_t>(status.st_blocks);
    }
    return blocks * 512;  // stat(2): st_blocks are of 512 bytes
}

void write_file(const std::string& path, std::string_view text) {
    const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    core::write_all(file.get(), text);
}

}  // namespace carrel::image
