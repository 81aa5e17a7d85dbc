// A desk's answer: its head, then its body as the tunnel reads it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/framing.hpp"
#include "net/http.hpp"

using namespace carrel::net;

namespace {

void expect(bool holds) {
    if (!holds) std::abort();
}

void read_chunks(std::string_view bytes) {
    ChunkDecoder decoder;
    while (!bytes.empty() && !decoder.is_done()) {
        // As the tunnel does: part of the data goes around the decoder.
        if (const auto ready = decoder.ready(); ready > 0) {
            const auto count = std::min<std::uint64_t>(ready, bytes.size());
            decoder.skip(count);
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        const auto step = decoder.next(bytes, 5);
        if (!step) return;
        expect(step->consumed > 0 && step->data.size() <= 5);
        bytes.remove_prefix(step->consumed);
    }
}

void try_answer(std::string_view bytes, std::string_view method) {
    const auto end = find_head_end(bytes);
    if (!end || !*end) return;
    const auto head = parse_answer_head(bytes.substr(0, **end), method);
    if (!head) return;
    expect(head->status >= 100 && head->status <= 599);
    for (const auto& [name, value] : head->headers) expect(is_token(name) && is_header_value(value));
    if (method == "HEAD" || head->status < 200) expect(head->body.kind == BodyFrame::Kind::none);
    if (head->body.kind == BodyFrame::Kind::until_close) expect(!head->keep_alive);
    if (head->body.kind == BodyFrame::Kind::chunked) read_chunks(bytes.substr(**end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    try_answer(bytes, "GET");
    try_answer(bytes, "HEAD");
    return 0;
}
