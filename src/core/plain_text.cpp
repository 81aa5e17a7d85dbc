#include "core/plain_text.hpp"

#include "core/text.hpp"

namespace carrel::core {

std::string plain_text(std::string_view text, std::size_t most, bool has_lines) {
    std::string plain;
    for (const char each : repair_utf8(text)) {
        const auto byte = static_cast<unsigned char>(each);
        const bool is_control = byte < 0x20 || byte == 0x7f;
        if (!is_control || (each == '\n' && has_lines))
            plain += each;
        else if (each == '\n' || each == '\t')
            plain += ' ';
    }
    return std::string{utf8_prefix(plain, most)};
}

}  // namespace carrel::core
