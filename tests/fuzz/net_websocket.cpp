// A client's WebSocket frames.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/websocket_frames.hpp"

using namespace carrel::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (;;) {
        const auto head = parse_client_frame(bytes);
        if (!head || !*head) return 0;
        const auto& frame = **head;
        if (frame.head_bytes > bytes.size() || (is_control(frame.opcode) && frame.length > 125)) std::abort();
        if (frame.length > bytes.size() - frame.head_bytes) return 0;
        std::string payload{bytes.substr(frame.head_bytes, static_cast<std::size_t>(frame.length))};
        unmask(payload, frame.mask);
        if (frame.opcode == Opcode::close)
            if (const auto farewell = parse_farewell(payload); farewell && !payload.empty())
                if (make_farewell(farewell->code, farewell->reason) != payload) std::abort();
        bytes.remove_prefix(frame.head_bytes + payload.size());
    }
}
