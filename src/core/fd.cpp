#include "core/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/sys.hpp"

namespace carrel::core {

void Fd::reset() {
    if (number_ >= 0) ::close(release());
}

Fd Fd::duplicate() const {
    return Fd{checked("duplicate a descriptor", ::fcntl(number_, F_DUPFD_CLOEXEC, 3))};
}

}  // namespace carrel::core
