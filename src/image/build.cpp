#include "image/build.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/command.hpp"
#include "image/contained.hpp"
#include "image/host_apt.hpp"
#include "image/progress.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

constexpr double bytes_of_megabyte = 1e6;

/// A folder that is gone when the build does not get to its end.
class Draft {
public:
    explicit Draft(std::string path) : path_{std::move(path)} {
        fs::create_directories(path_);
        fs::permissions(path_, fs::perms::owner_all);
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }
    void keep_as(const std::string& path) {
        fs::rename(path_, path);
        path_.clear();
    }

private:
    std::string path_;
};

void write_file(const std::string& path, std::string_view text) {
    const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    core::write_all(file.get(), text);
}

/// apt's own view of its configuration, with every file of the host already merged.
std::string settings_of_host(const std::string& temporary) {
    std::string dump;
    run_contained({"apt-config", "dump"}, temporary,
                  [&](std::string_view line) { dump.append(line).append("\n"); });
    return relevant_settings(dump);
}

Workplace prepare(const Source& source, const std::string& folder) {
    Workplace workplace{folder + "/root", folder + "/work/steps.sh", folder + "/work/puts",
                        folder + "/work/apt.conf"};
    fs::create_directories(workplace.puts);
    fs::create_directories(folder + "/work/tmp");
    fs::create_directories(workplace.root);
    write_file(workplace.script, step_script(source.steps, workplace));
    for (std::size_t number = 0; number < source.steps.size(); ++number)
        write_file(fmt::format("{}/{}", workplace.puts, number), source.steps[number].content);
    write_file(workplace.settings, settings_of_host(folder + "/work/tmp"));
    return workplace;
}

void run_mmdebstrap(const Source& source, const Workplace& workplace, const std::string& temporary,
                    const Progress& progress) {
    const auto sources = debian_lines_of_host(source.recipe.suite);
    progress(fmt::format("from {}", fmt::join(sources, ", ")));
    ProgressReader reader;
    const auto words = mmdebstrap_words(source.recipe, workplace, sources);
    const int status = run_contained(words, temporary, [&](std::string_view line) {
        if (const auto shown = reader.read(core::repair_utf8(line))) progress(*shown);
    });
    if (status != 0)
        throw Error{Code::unavailable, fmt::format("mmdebstrap ended with status {}. Its last lines:\n{}",
                                                   status, reader.last_lines())};
}

/// What mmdebstrap takes over from the host, and does so after our own steps: nothing of this machine
/// and nothing secret (a proxy's password) may get into a desk.
void forget_host(const std::string& root, std::string_view suite) {
    for (const auto& entry : fs::directory_iterator{root + "/dev"}) fs::remove_all(entry.path());
    for (const auto* path :
         {"/etc/apt/apt.conf.d/99mmdebstrap", "/etc/resolv.conf", "/etc/apt/sources.list", "/etc/hostname"})
        fs::remove(root + path);
    write_file(root + "/etc/resolv.conf", "");
    write_file(root + "/etc/hostname", "desk\n");
    write_file(root + "/etc/apt/sources.list",
               fmt::format("{}\n", fmt::join(default_debian_lines(suite), "\n")));
}

/// Bytes on the disk, hard links once.
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

std::uint64_t count_packages(const std::string& root) {
    const auto status = core::read_file(root + "/var/lib/dpkg/status", std::size_t{64} << 20);
    std::uint64_t count = 0;
    for (const auto line : core::split(status, '\n')) count += line.starts_with("Package: ") ? 1 : 0;
    return count;
}

/// A rename is only worth something when what it names has reached the disk.
void reach_disk(const std::string& folder) {
    const auto directory = core::open_file(folder, O_RDONLY | O_DIRECTORY);
    core::checked("sync " + folder, ::syncfs(directory.get()));
}

Image describe(const Source& source, const std::string& folder, const std::string& place) {
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    Image image{source.name, source.hash, place + "/root", core::to_rfc3339(now), 0, 0};
    image.size = size_of(folder + "/root");
    image.packages = count_packages(folder + "/root");
    return image;
}

std::string short_name(const Source& source) { return source.name + " " + source.hash.substr(0, 12); }

Image build_into(const Source& source, const std::string& place, const Progress& progress) {
    Draft draft{fmt::format("{}/.building-{}", fs::path{place}.parent_path().string(), core::random_hex(12))};
    const auto workplace = prepare(source, draft.path());
    run_mmdebstrap(source, workplace, draft.path() + "/work/tmp", progress);
    forget_host(workplace.root, source.recipe.suite);
    fs::remove_all(draft.path() + "/work");
    const auto image = describe(source, draft.path(), place);
    write_description(draft.path(), image);
    progress("writing to the disk");
    reach_disk(draft.path());
    core::checked("chmod " + draft.path(), ::chmod(draft.path().c_str(), 0755));
    draft.keep_as(place);
    return image;
}

}  // namespace

Image build_image(const Source& source, const std::string& data_folder, const Progress& progress) {
    const auto data = fs::absolute(data_folder).lexically_normal().string();
    if (auto present = find_image(data, source.name, source.hash)) {
        progress(fmt::format("image {} is there already", short_name(source)));
        return std::move(*present);
    }
    if (::geteuid() != 0)
        throw Error{Code::forbidden, "an image is built by root (its files belong to many users); use sudo"};
    const auto start = std::chrono::steady_clock::now();
    const auto lock = lock_images(data);
    sweep_images(data);
    progress(fmt::format("building image {}", short_name(source)));
    try {
        const auto image =
            build_into(source, fmt::format("{}/images/{}/{}", data, source.name, source.hash), progress);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        progress(fmt::format("image {} is ready: {} packages, {:.0f} MB, {:.0f} s", short_name(source),
                             image.packages, static_cast<double>(image.size) / bytes_of_megabyte,
                             took.count()));
        return image;
    } catch (Error& error) {
        sweep_images(data);
        throw error.during("building image " + source.name);
    } catch (...) {
        sweep_images(data);
        throw;
    }
}

}  // namespace carrel::image
