// Request heads and chunks: whatever is accepted must read the same when it is cut anywhere.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.hpp"
#include "net/framing.hpp"

using namespace carrel;
using namespace carrel::net;

namespace {

void expect(bool holds) {
    if (!holds) std::abort();
}

void try_head(std::string_view bytes) {
    const auto end = find_head_end(bytes);
    if (!end || !*end) return;
    for (std::size_t seen = 1; seen < **end; seen += 7) expect(find_head_end(bytes, seen).value() == *end);
    const auto head = parse_request_head(bytes.substr(0, **end));
    if (!head) return;
    expect(is_token(head->method) && is_target(head->target));
    expect(head->headers.count("Host") == 1);
    // Whatever form the target had, there is one host, and nobody behind reads another.
    expect(!head->target_host || core::equals_ignoring_case(*head->target_host, *head->headers.find("Host")));
    expect(!head->target.contains("://") || head->target.starts_with('/'));
    expect(head->body.kind != BodyFrame::Kind::until_close);
    expect(!(head->headers.has("Content-Length") && head->headers.has("Transfer-Encoding")));
    for (const auto& [name, value] : head->headers) expect(is_token(name) && is_header_value(value));
    Request request;
    set_target(request, head->target);
}

/// The decoded size, and how many bytes of input were read; nothing when refused.
std::optional<std::pair<std::size_t, std::size_t>> decode(std::string_view bytes, std::size_t piece) {
    ChunkDecoder decoder;
    std::size_t size = 0;
    std::size_t place = 0;
    while (place < bytes.size() && !decoder.is_done()) {
        const auto step = decoder.next(bytes.substr(place, piece), piece);
        if (!step) return std::nullopt;
        expect(step->consumed > 0 && step->data.size() <= piece);
        size += step->data.size();
        place += step->consumed;
    }
    return std::pair{size, place};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    try_head(bytes);
    const auto whole = decode(bytes, bytes.size() + 1);
    expect(whole == decode(bytes, 1));
    expect(whole == decode(bytes, 3));
    return 0;
}
