// What of the desk beside its pixels an input can change: which windows are open, what they are called, which
// has the keyboard, whether something was copied. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json/parse.hpp"

namespace carrel::desk::desktop {

struct Scene {
    struct Window {
        std::uint32_t id = 0;
        std::string title;
    };
    std::vector<Window> windows;  ///< in the order in which they were opened
    std::uint32_t active = 0;     ///< 0: none
    std::uint64_t copies = 0;     ///< how often a program took the clipboard

    const Window* find(std::uint32_t id) const;
};

/// opened, closed, titles, active and clipboard: only those that differ.
json::Object differences(const Scene& before, const Scene& after);

}  // namespace carrel::desk::desktop
