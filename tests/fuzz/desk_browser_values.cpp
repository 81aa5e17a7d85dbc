// What a browser says: messages of the DevTools protocol.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.hpp"
#include "desk/browser/evaluate.hpp"
#include "desk/browser/storage_state.hpp"
#include "desk/cdp/protocol.hpp"

using namespace carrel;
using namespace carrel::desk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto message = cdp::parse_cdp_message(text);
    const auto id = cdp::find_answer_id(text);
    if (!message) return 0;
    if (const auto* answer = std::get_if<cdp::CdpAnswer>(&*message)) {
        // An id that is found in the beginning of a message is that message's.
        if (id && *id != answer->id) std::abort();
        if (!core::is_utf8(json::to_text(answer->result))) std::abort();
        (void)browser::read_evaluated(answer->result);
        (void)browser::to_saved_cookies(answer->result);
    } else {
        const auto& event = std::get<cdp::CdpEvent>(*message);
        if (event.method.empty() || !core::is_utf8(event.session)) std::abort();
    }
    return 0;
}
