#include "driver/native/log_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "core/desk_log.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"

namespace carrel::driver::native {

namespace {

namespace fs = std::filesystem;

/// At most as many bytes as a log has, whatever the file is.
std::string read_start(int file) {
    std::string bytes(core::desk_log_size, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const auto count = ::pread(file, bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
        if (core::checked("read a desk's log", count) == 0) break;
        size += static_cast<std::size_t>(count);
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace

core::DeskLog LogFiles::read(const std::string& desk) const {
    const core::Fd file{::open(path_of(desk).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!file && errno == ENOENT) return {};
    core::checked("open the log of " + desk, file.get());
    return core::parse_desk_log(read_start(file.get()));
}

void LogFiles::remove(const std::string& desk) const {
    if (::unlink(path_of(desk).c_str()) < 0 && errno != ENOENT)
        throw core::system_error("remove the log of " + desk, errno);
}

std::vector<std::string> LogFiles::list() const {
    std::vector<std::string> desks;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder_, none})
        if (auto name = entry.path().filename().string(); core::is_id("desk_", name))
            desks.push_back(std::move(name));
    return desks;
}

}  // namespace carrel::driver::native
