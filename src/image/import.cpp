#include "image/import.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "crypto/digest.hpp"
#include "image/contained.hpp"
#include "image/furnish.hpp"
#include "image/inside.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

/// Part of every hash: to be raised when this module makes another root file system of the same archive.
constexpr std::string_view import_format = "carrel import 1";
constexpr std::size_t told_lines = 12;
/// Whoever walks through an image has a folder open for each, and names files by their paths.
constexpr int deepest = 200;
constexpr std::size_t longest_path = 3000;

struct Transport {
    std::string_view name;
    bool is_folder;
};
constexpr std::array<Transport, 4> transports{
    {{"docker-archive", false}, {"oci-archive", false}, {"oci", true}, {"dir", true}}};

struct Archive {
    Transport transport;
    std::string path;  ///< absolute
};

Archive parse_archive(const std::string& source) {
    const auto colon = source.find(':');
    const auto transport = std::ranges::find(transports, source.substr(0, colon), &Transport::name);
    if (colon == source.npos || transport == transports.end())
        throw Error{Code::invalid,
                    fmt::format("'{}' is no source of an image; write docker-archive:FILE, oci-archive:FILE, "
                                "oci:PATH or dir:PATH (docker save, or skopeo copy, makes one)",
                                source)};
    const auto path = fs::absolute(source.substr(colon + 1)).lexically_normal();
    const bool is_right = transport->is_folder ? fs::is_directory(path) : fs::is_regular_file(path);
    if (!is_right)
        throw Error{Code::not_found,
                    fmt::format("{} is no {}", path.string(), transport->is_folder ? "folder" : "file")};
    return {*transport, path.string()};
}

/// The plain files of the archive, relative to it; a file is one of an empty name. Links are left out.
std::vector<std::string> files_of(const Archive& archive) {
    if (!archive.transport.is_folder) return {""};
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator{archive.path})
        if (fs::is_regular_file(entry.symlink_status()))
            files.push_back(fs::path{entry.path()}.lexically_relative(archive.path));
    std::ranges::sort(files);
    return files;
}

std::string joined(const std::string& folder, const std::string& file) {
    return file.empty() ? folder : folder + "/" + file;
}

/// Gives every piece of the file to `take`.
template <class Take>
void read_pieces(const std::string& path, Take take) {
    const auto file = core::open_file(path, O_RDONLY);
    std::string buffer(std::size_t{1} << 20, '\0');
    while (const auto count = core::checked("read " + path, ::read(file.get(), buffer.data(), buffer.size())))
        take(std::string_view{buffer}.substr(0, static_cast<std::size_t>(count)));
}

std::string hash_of_archive(const Archive& archive) {
    crypto::Sha256Stream stream;
    stream.update(import_format);
    for (const auto& name : files_of(archive)) {
        stream.update(fmt::format("{}:{}:{}", name.size(), name, fs::file_size(joined(archive.path, name))));
        read_pieces(joined(archive.path, name), [&](std::string_view piece) { stream.update(piece); });
    }
    return crypto::to_hex(stream.finish());
}

/// Into the draft, the only folder that who unpacks it sees.
void copy_archive(const Archive& archive, const std::string& to) {
    for (const auto& name : files_of(archive)) {
        const auto path = joined(to, name);
        fs::create_directories(fs::path{path}.parent_path());
        const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        read_pieces(joined(archive.path, name),
                    [&](std::string_view piece) { core::write_all(file.get(), piece); });
    }
}

/// Looks whether a folder grows beyond what is allowed: first by what is free on its disk, which costs
/// nothing, and only then file by file.
class GrowthWatch {
public:
    GrowthWatch(std::string folder, const ImportBounds& bounds)
        : folder_{std::move(folder)}, bounds_{bounds}, before_{look()} {}

    std::optional<std::string> complaint() {
        const auto now = look();
        if (now.f_bavail * now.f_frsize < bounds_.spared)
            return fmt::format("fewer than {} MB are left on the disk", bounds_.spared / 1'000'000);
        const auto taken = before_.f_bfree > now.f_bfree ? (before_.f_bfree - now.f_bfree) * now.f_frsize : 0;
        const auto made = before_.f_ffree > now.f_ffree ? before_.f_ffree - now.f_ffree : 0;
        if (taken <= bounds_.bytes && made <= bounds_.files) return std::nullopt;
        before_ = now;  // another may have taken it
        return measure();
    }

    /// File by file.
    std::optional<std::string> measure() const {
        std::error_code changing;
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
        for (auto at = fs::recursive_directory_iterator{folder_, changing}; !changing && at != fs::end(at);
             at.increment(changing)) {
            if (at.depth() >= deepest || at->path().native().size() > longest_path)
                return fmt::format(
                    "it has more than {} folders in one another, or paths of more than {} bytes", deepest,
                    longest_path);
            ++files;
            struct stat status{};
            if (::lstat(at->path().c_str(), &status) == 0)
                bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
        }
        if (bytes <= bounds_.bytes && files <= bounds_.files) return std::nullopt;
        return fmt::format("it unpacks to more than {} MB or {} files", bounds_.bytes / 1'000'000,
                           bounds_.files);
    }

private:
    struct statvfs look() const {
        struct statvfs status{};
        core::checked("look at " + folder_, ::statvfs(folder_.c_str(), &status));
        return status;
    }

    std::string folder_;
    ImportBounds bounds_;
    struct statvfs before_;
};

void require_program(const char* name) {
    for (const auto* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/"})
        if (::access((std::string{folder} + name).c_str(), X_OK) == 0) return;
    throw Error{
        Code::unavailable,
        fmt::format("{} is missing: Debian's packages skopeo and umoci unpack images (apt install skopeo "
                    "umoci)",
                    name)};
}

void run_confined(const std::vector<std::string>& words, const Confinement& confinement,
                  const std::string& temporary) {
    std::deque<std::string> last;
    const int status = run_contained(
        words, temporary,
        [&](std::string_view line) {
            last.push_back(core::repair_utf8(line));
            if (last.size() > told_lines) last.pop_front();
        },
        &confinement);
    if (status != 0)
        throw Error{Code::unavailable, fmt::format("{} ended with status {}. Its last lines:\n{}",
                                                   words.front(), status, fmt::join(last, "\n"))};
}

void unpack(const Archive& archive, const Draft& draft, const ImportBounds& bounds,
            const Progress& progress) {
    GrowthWatch watch{draft.path(), bounds};
    const Confinement confinement{draft.path(), bounds.bytes, [&] { return watch.complaint(); }};
    const auto work = std::string{confined_folder} + "/work";
    progress("reading the archive");
    run_confined({"skopeo", "--insecure-policy", "--tmpdir", work + "/tmp", "copy", "--quiet",
                  fmt::format("{}:{}/source", archive.transport.name, work), "oci:" + work + "/oci:image"},
                 confinement, work + "/tmp");
    progress("unpacking it");
    run_confined(
        {"umoci", "raw", "unpack", "--image", work + "/oci:image", std::string{confined_folder} + "/root"},
        confinement, work + "/tmp");
    // A short run may end between two looks.
    if (auto complaint = watch.measure()) throw Error{Code::exhausted, std::move(*complaint)};
}

}  // namespace

Image import_image(const std::string& source, const std::string& name, const std::string& data_folder,
                   const Progress& progress, const ImportBounds& bounds) {
    const auto data = fs::absolute(data_folder).lexically_normal().string();
    const auto archive = parse_archive(source);
    if (!jail::wire::is_image_name(name))
        throw Error{Code::invalid,
                    fmt::format("'{}' cannot be an image's name: use 1 to 32 of a-z, 0-9 and -", name)};
    for (const auto* program : {"skopeo", "umoci"}) require_program(program);
    return make_image(data, name, hash_of_archive(archive), progress, [&](Draft& draft) {
        copy_archive(archive, draft.work() + "/source");
        unpack(archive, draft, bounds, progress);
        clean_root(draft.root());
        run_inside_root(draft.root(), furnish_root);
        const bool has_display =
            has_program(draft.root(), "usr/bin/Xvnc") && has_program(draft.root(), "usr/bin/openbox");
        return Nature{{has_display, {}}, true};
    });
}

}  // namespace carrel::image
