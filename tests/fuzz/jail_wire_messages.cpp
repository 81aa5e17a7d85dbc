// What carrel-jail, which is root, reads of the other side, and what it answers.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "jail/wire/messages.hpp"

using namespace carrel::jail::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    // What is accepted means the same when it is sent again.
    if (const auto request = parse_request(text))
        if (!parse_request(format_request(*request))) std::abort();
    if (const auto answer = parse_answer(text))
        if (!parse_answer(format_answer(*answer))) std::abort();
    (void)number_of(text);
    return 0;
}
