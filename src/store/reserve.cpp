#include "store/reserve.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/fd.hpp"

namespace carrel::store {

namespace {

/// What the journal may hold that the database has no room for yet, and a step of a purge.
constexpr off_t size = off_t{8} << 20;
/// What a message with a picture needs.
constexpr off_t room = off_t{1} << 20;

/// False when there is none, or the file cannot be made.
bool take_room(const std::string& path, off_t bytes) {
    const core::Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file && ::posix_fallocate(file.get(), 0, bytes) == 0) return true;
    ::unlink(path.c_str());
    return false;
}

}  // namespace

Reserve::Reserve(std::string path) : path_{std::move(path)} { restore(); }

bool Reserve::release() {
    if (!is_there_) return false;
    is_there_ = false;
    return ::unlink(path_.c_str()) == 0;
}

void Reserve::restore() {
    if (!is_there_) is_there_ = take_room(path_, size);
}

bool Reserve::is_room_beside() const {
    const auto probe = path_ + ".probe";
    const bool is_room = take_room(probe, room);
    ::unlink(probe.c_str());
    return is_room;
}

}  // namespace carrel::store
