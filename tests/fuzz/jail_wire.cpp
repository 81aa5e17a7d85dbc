// What carrel-jail, which is root, reads: requests of the other side, and files of the kernel and its own.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "jail/cgroup/hierarchies.hpp"
#include "jail/identity.hpp"
#include "jail/wire/messages.hpp"

using namespace carrel::jail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    // What is accepted means the same when it is sent again.
    if (const auto request = wire::parse_request(text))
        if (!wire::parse_request(wire::format_request(*request))) std::abort();
    if (const auto answer = wire::parse_answer(text))
        if (!wire::parse_answer(wire::format_answer(*answer))) std::abort();
    if (const auto identity = parse_identity(text))
        if (!parse_identity(format_identity(*identity))) std::abort();
    (void)cgroup::find_hierarchies(text, text, text);
    (void)cgroup::parse_hierarchies(text);
    (void)wire::number_of(text);
    return 0;
}
