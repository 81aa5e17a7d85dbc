// An event stream gives the same events however it is cut, and what we write reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/sse.hpp"

using namespace carrel::net;

namespace {

constexpr std::size_t limit = 256;

std::vector<SseEvent> parse(std::string_view text, std::size_t piece) {
    SseParser parser{limit};
    std::vector<SseEvent> events;
    while (!text.empty()) {
        const bool goes_on = parser.push(text.substr(0, piece)).has_value();
        text.remove_prefix(std::min(piece, text.size()));
        while (auto event = parser.pop()) {
            if (event->data.size() > limit) std::abort();
            events.push_back(std::move(*event));
        }
        if (!goes_on) break;
    }
    return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = parse(bytes, bytes.size() + 1);
    if (whole != parse(bytes, 1) || whole != parse(bytes, 3)) std::abort();
    for (const auto& event : whole) {
        SseParser parser{4 * limit};
        if (!parser.push(sse_frame(std::nullopt, event.event, event.data))) std::abort();
        const auto back = parser.pop();
        if (!back || back->event != event.event || back->data != event.data) std::abort();
    }
    return 0;
}
