#include "desk/init/log_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <exception>

#include "core/log.hpp"

namespace carrel::desk::init {

LogMemory::LogMemory(core::Fd file) {
    struct stat status;
    if (::fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_size != static_cast<off_t>(core::desk_log_size))
        return;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return;
    pipe_reader_ = core::Fd{ends[0]};
    pipe_writer_ = core::Fd{ends[1]};
    auto* memory = ::mmap(nullptr, core::desk_log_size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return;
    memory_ = static_cast<char*>(memory);
    ::madvise(memory, core::desk_log_size, MADV_DONTFORK);
}

LogMemory::~LogMemory() {
    if (memory_) ::munmap(memory_, core::desk_log_size);
}

void LogMemory::add(core::Speaker speaker, std::string_view text) noexcept {
    try {
        if (!memory_) {
            core::log_info("{}: {}", core::name_of(speaker), text);
            return;
        }
        const auto now = core::SystemClock{}.now();
        for (const auto& place : format_.add(now, speaker, text))
            if (!copy(place)) return;
    } catch (const std::exception&) {
        // No memory for a line: the desk is worth more than its log.
    }
}

/// By way of a pipe, because a file without a block to put a page in (a full disk) would kill who writes into
/// its mapping (SIGBUS); a system call only fails (EFAULT).
bool LogMemory::copy(const core::LogPlace& place) {
    if (place.bytes.empty()) return true;
    if (::write(pipe_writer_.get(), place.bytes.data(), place.bytes.size()) < 0) return false;
    if (::read(pipe_reader_.get(), memory_ + place.offset, place.bytes.size()) ==
        static_cast<ssize_t>(place.bytes.size()))
        return true;
    std::array<char, 2 * core::longest_log_text> rest;
    while (::read(pipe_reader_.get(), rest.data(), rest.size()) > 0) continue;
    return false;
}

}  // namespace carrel::desk::init
