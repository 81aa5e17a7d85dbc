// A viewer's RFB stream: the same passes however it is cut, and a viewer that only looks says less.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "rfb/client_filter.hpp"

namespace {

/// What passes, and whether the stream was refused in the end.
std::pair<std::string, bool> filter(std::string_view bytes, bool view_only, std::size_t piece) {
    carrel::rfb::ClientFilter filter{view_only};
    std::string passed;
    while (!bytes.empty()) {
        const auto part = filter.feed(bytes.substr(0, piece));
        if (!part) return {passed, true};
        passed += *part;
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return {passed, false};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string stream = "RFB 003.008\n\1\1" + std::string{reinterpret_cast<const char*>(data), size};
    for (const bool view_only : {false, true}) {
        const auto slow = filter(stream, view_only, 1);
        const auto fast = filter(stream, view_only, stream.size());
        if (slow.second != fast.second || (!slow.second && slow.first != fast.first)) std::abort();
        if (slow.first.size() > stream.size()) std::abort();
        // What passed is itself a stream that passes whole, for either kind of viewer.
        const auto again = filter(slow.first, view_only, 7);
        if (again.second || again.first != slow.first) std::abort();
    }
    return 0;
}
