// Files of another time.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <string>

namespace carrel::fakes {

/// Makes the file or folder as if it was changed last at `when`, such as "2026-11-20T10:00:00.000Z".
inline void set_time(const std::string& path, const std::string& when) {
    tm parts{};
    ::strptime(when.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    const timespec time{::timegm(&parts), 0};
    const timespec both[] = {time, time};
    ::utimensat(AT_FDCWD, path.c_str(), both, 0);
}

}  // namespace carrel::fakes
