#include "desk/init/link.hpp"

#include <cstdlib>

namespace carrel::desk::init {

std::string runtime_folder() {
    const char* folder = std::getenv("XDG_RUNTIME_DIR");
    return folder && *folder ? folder : "/run/user/1000";
}

std::string viewer_socket() { return runtime_folder() + "/rfb"; }

}  // namespace carrel::desk::init
