#include "store/reserve.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/fd.hpp"

namespace carrel::store {

namespace {

/// A purge of a long history writes some hundred pages of 4 KiB into the journal.
constexpr off_t size = off_t{1} << 20;

}  // namespace

Reserve::Reserve(std::string path) : path_{std::move(path)} { restore(); }

bool Reserve::release() {
    if (!is_there_) return false;
    is_there_ = false;
    return ::unlink(path_.c_str()) == 0;
}

void Reserve::restore() {
    if (is_there_) return;
    const core::Fd file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    is_there_ = file && ::posix_fallocate(file.get(), 0, size) == 0;
    if (!is_there_) ::unlink(path_.c_str());
}

}  // namespace carrel::store
