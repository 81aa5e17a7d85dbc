// What carrel-jail, which is root, reads of a file that an earlier one wrote.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "jail/desks/identity.hpp"

using namespace carrel::jail::desks;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    // What is accepted means the same when it is written again.
    if (const auto identity = parse_identity(text))
        if (!parse_identity(format_identity(*identity))) std::abort();
    return 0;
}
