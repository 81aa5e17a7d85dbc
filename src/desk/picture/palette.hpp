// The colours of a picture that has few.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace carrel::desk::picture {

/// At most 256 colours, numbered in the order of their first appearance.
class Palette {
public:
    /// The colour's number; nothing when it would be the 257th.
    std::optional<std::uint8_t> number_of(std::uint32_t colour) {
        auto slot = (colour * 2654435761U) >> 22;
        while (numbers_[slot] != 0) {
            if (colours_[numbers_[slot] - 1] == colour) return static_cast<std::uint8_t>(numbers_[slot] - 1);
            slot = (slot + 1) % numbers_.size();
        }
        if (size_ == colours_.size()) return std::nullopt;
        colours_[size_] = colour;
        numbers_[slot] = static_cast<std::uint16_t>(++size_);
        return static_cast<std::uint8_t>(size_ - 1);
    }
    std::span<const std::uint32_t> colours() const { return {colours_.data(), size_}; }
    bool is_empty() const { return size_ == 0; }

private:
    std::array<std::uint16_t, 1024> numbers_{};  ///< number + 1 by hash; 0: free
    std::array<std::uint32_t, 256> colours_{};
    std::size_t size_ = 0;
};

}  // namespace carrel::desk::picture
