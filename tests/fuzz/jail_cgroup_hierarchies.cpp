// What carrel-jail, which is root, reads of the kernel about its groups, and of its own files.
#include <cstdint>
#include <string_view>

#include "jail/cgroup/hierarchies.hpp"

using namespace carrel::jail::cgroup;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    (void)find_hierarchies(text, text, text);
    (void)parse_hierarchies(text);
    return 0;
}
