#include "store/blobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "crypto/digest.hpp"

namespace carrel::store {

namespace {

constexpr std::size_t most_blob_bytes = std::size_t{256} << 20;

void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0) {
        if (errno == EEXIST) return;
        throw core::system_error("make the directory " + path, errno);
    }
    const auto parent = core::open_file(path + "/..", O_RDONLY | O_DIRECTORY);
    core::checked("fsync the folder of " + path, ::fsync(parent.get()));
}

bool is_file(const std::string& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

bool is_blob_hash(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

BlobFiles::BlobFiles(std::string directory) : directory_{std::move(directory)} { make_directory(directory_); }

std::string BlobFiles::path_of(std::string_view hash) const {
    if (!is_blob_hash(hash)) throw core::Error{core::Code::invalid, "not the name of a blob"};
    return directory_ + "/" + std::string{hash.substr(0, 2)} + "/" + std::string{hash.substr(2)};
}

std::string BlobFiles::put(std::string_view bytes) {
    auto hash = crypto::to_hex(crypto::sha256(bytes));
    const auto path = path_of(hash);
    if (is_file(path)) return hash;
    make_directory(directory_ + "/" + hash.substr(0, 2));
    core::replace_file(path, bytes, 0600);
    return hash;
}

std::string BlobFiles::get(std::string_view hash) const {
    auto bytes = find(hash);
    if (!bytes)
        throw core::Error{core::Code::internal, "the file of blob " + std::string{hash} + " is missing"};
    return std::move(*bytes);
}

std::optional<std::string> BlobFiles::find(std::string_view hash) const {
    return core::find_file_text(path_of(hash), most_blob_bytes);
}

void BlobFiles::remove(std::string_view hash) { ::unlink(path_of(hash).c_str()); }

void BlobFiles::sweep(const std::function<bool(std::string_view)>& is_named) {
    for (const auto& folder : std::filesystem::directory_iterator{directory_}) {
        if (!folder.is_directory()) continue;
        for (const auto& file : std::filesystem::directory_iterator{folder.path()}) {
            const auto hash = folder.path().filename().string() + file.path().filename().string();
            if (!is_blob_hash(hash) || !is_named(hash)) ::unlink(file.path().c_str());
        }
    }
}

}  // namespace carrel::store
