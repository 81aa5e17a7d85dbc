#include "desk/init/link.hpp"

#include <cstdlib>
#include <string_view>

namespace carrel::desk::init {

bool has_display() {
    const char* display = std::getenv("CARREL_DISPLAY");
    return !display || std::string_view{display} != "none";
}

std::string runtime_folder() {
    const char* folder = std::getenv("XDG_RUNTIME_DIR");
    return folder && *folder ? folder : "/run/user/1000";
}

std::string viewer_socket() { return runtime_folder() + "/rfb"; }

}  // namespace carrel::desk::init
