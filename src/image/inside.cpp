#include "image/inside.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::image {

namespace {

using core::checked;

/// Of a plain file; nothing of anything else, which is not even opened for reading: a FIFO would wait for
/// ever.
core::Fd open_inside(const std::string& root, const std::string& path, struct stat& status) {
    const auto folder = core::open_file(root, O_PATH | O_DIRECTORY);
    open_how how{.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    core::Fd found{static_cast<int>(::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how))};
    if (!found || ::fstat(found.get(), &status) < 0 || !S_ISREG(status.st_mode)) return {};
    return found;
}

}  // namespace

std::optional<std::string> find_text_inside(const std::string& root, const std::string& path,
                                            std::size_t limit) {
    struct stat status{};
    const auto found = open_inside(root, path, status);
    if (!found || static_cast<std::size_t>(status.st_size) > limit) return std::nullopt;
    return core::find_file_text("/proc/self/fd/" + std::to_string(found.get()), limit);
}

bool has_program(const std::string& root, const std::string& path) {
    struct stat status{};
    return open_inside(root, path, status) && (status.st_mode & 0111) != 0;
}

void run_inside_root(const std::string& root, const std::function<void()>& work) {
    int ends[2];
    checked("pipe", ::pipe2(ends, O_CLOEXEC));
    const core::Fd output{ends[0]};
    core::Fd input{ends[1]};
    const auto child = checked("fork", ::fork());
    if (child == 0) {
        std::string failure;
        try {
            checked("enter " + root, ::chdir(root.c_str()));
            checked("chroot " + root, ::chroot("."));
            ::umask(022);
            work();
        } catch (...) {
            failure = core::message_of(std::current_exception());
            [[maybe_unused]] const auto written = ::write(input.get(), failure.data(), failure.size());
        }
        ::_exit(failure.empty() ? 0 : 1);
    }
    input.reset();
    std::string failure(4096, '\0');
    ssize_t count = 0;
    while ((count = ::read(output.get(), failure.data(), failure.size())) < 0 && errno == EINTR) continue;
    failure.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (!failure.empty()) throw core::Error{core::Code::unavailable, std::move(failure)};
    if (status != 0) throw core::Error{core::Code::internal, "working inside " + root + " was cut short"};
}

}  // namespace carrel::image
