#include "ops/operations.hpp"

#include <algorithm>
#include <array>

namespace carrel::ops {

Operations::Operations(std::initializer_list<std::span<const Operation>> nouns, std::string_view prefix) {
    for (const auto noun : nouns)
        for (auto row : noun) {
            if (row.path.empty()) row.path = paths_.emplace_back(std::string{prefix}.append(row.name));
            rows_.push_back(row);
        }
}

bool needs_display(const Operation& row) {
    constexpr std::array<std::string_view, 6> nouns{"screen/", "mouse/",   "keyboard/",
                                                    "window/", "browser/", "system/clipboard"};
    return std::ranges::any_of(nouns, [&](std::string_view noun) { return row.name.starts_with(noun); });
}

}  // namespace carrel::ops
