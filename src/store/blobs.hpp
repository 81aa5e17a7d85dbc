// Files named by their content: blobs/ab/cdef…, where abcdef… is the SHA-256.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::store {

/// Used by the store's thread only.
class BlobFiles {
public:
    /// Makes `directory` when it is missing.
    explicit BlobFiles(std::string directory);

    /// The hash. The bytes are on disk, durably, when it returns.
    std::string put(std::string_view bytes);
    /// Throws Error{internal} when the file is missing.
    std::string get(std::string_view hash) const;
    std::optional<std::string> find(std::string_view hash) const;
    /// Fine when there is none.
    void remove(std::string_view hash);
    /// Removes every file that is not a blob in use.
    void sweep(const std::function<bool(std::string_view hash)>& is_named);

private:
    std::string path_of(std::string_view hash) const;

    std::string directory_;
};

/// Whether `text` can be the name of a blob: 64 lower-case hexadecimal digits.
bool is_blob_hash(std::string_view text);

}  // namespace carrel::store
