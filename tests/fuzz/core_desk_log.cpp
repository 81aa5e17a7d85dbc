// A desk's log, in which a desk that was taken over can write anything: lines are bounded, without control
// characters, and told in no other's name than their ring allows.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/desk_log.hpp"

using namespace carrel::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const auto& line : parse_desk_log(bytes).lines) {
        (void)to_rfc3339(line.time);
        (void)name_of(line.speaker);
        if (line.text.size() > longest_log_text) std::abort();
        for (const char each : line.text)
            if (static_cast<unsigned char>(each) < ' ') std::abort();
    }
    // What is said comes back as one line at most, whatever it is.
    DeskLogFormat format;
    std::string memory(desk_log_size, '\0');
    for (const auto& [offset, piece] : format.add(Instant{}, Speaker::panel, bytes))
        memory.replace(offset, piece.size(), piece);
    const auto said = parse_desk_log(memory);
    if (said.lines.size() != 1 || said.lines[0].speaker != Speaker::panel) std::abort();
    return 0;
}
