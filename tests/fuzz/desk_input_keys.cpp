// Names of keys and texts to type: any bytes become keys or are refused with a sentence that is text itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.hpp"
#include "desk/input/keys.hpp"
#include "desk/input/reader.hpp"
#include "desk/input/typing.hpp"

namespace {

using namespace carrel;

void require(bool holds) {
    if (!holds) std::abort();
}

void require_sentence(const core::Error& error) {
    require(!error.message().empty() && core::is_utf8(error.message()));
}

void check_chords(std::string_view text) {
    const auto chords = desk::input::parse_chords(text);
    if (!chords) return require_sentence(chords.error());
    std::size_t keys = 0;
    for (const auto& chord : *chords) {
        require(!chord.empty());
        for (const auto key : chord) require(key != 0);
        keys += chord.size();
    }
    require(keys <= text.size());
}

void check_text(std::string_view text) {
    const auto keysyms = desk::input::keysyms_of(text);
    if (!keysyms) return require_sentence(keysyms.error());
    const desk::input::Keymap keymap{8, 2, {'a', 'A', 0xff0d, 0, 0xff09, 0, 0, 0}};
    const desk::input::Reader terminal{.window = 1, .answers_pings = false, .is_terminal = true};
    std::size_t count = 0;
    for (const auto& part : desk::input::plan_typing(*keysyms, keymap, terminal)) {
        require(part.keysyms.empty() || part.pasted.empty());
        require(core::is_utf8(part.pasted));
        // What is pasted is read again as the same characters, none of them a key that does something.
        const auto again = desk::input::keysyms_of(part.pasted);
        require(again.has_value() && part.pasted.find('\n') == part.pasted.npos);
        count += part.keysyms.size() + again->size();
    }
    require(count == keysyms->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto key = desk::input::parse_key(text)) require(*key != 0);
    check_chords(text);
    check_text(text);
    desk::input::is_terminal_class(text);
    return 0;
}
