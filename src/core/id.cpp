#include "core/id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/sys.hpp"

namespace carrel::core {

namespace {
constexpr std::size_t id_digits = 12;
constexpr std::string_view hex_digits = "0123456789abcdef";
}  // namespace

std::string random_hex(std::size_t digits) {
    std::vector<std::uint8_t> bytes((digits + 1) / 2);
    // Up to 256 bytes come whole once the pool is ready (getrandom(2)).
    checked("getrandom", ::getrandom(bytes.data(), bytes.size(), 0));
    std::string text;
    for (const auto byte : bytes) {
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    text.resize(digits);
    return text;
}

std::string make_id(std::string_view prefix) { return std::string{prefix} + random_hex(id_digits); }

bool is_id(std::string_view prefix, std::string_view text) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return text.size() == id_digits &&
           std::ranges::all_of(text, [](char c) { return hex_digits.contains(c); });
}

}  // namespace carrel::core
