#include "ops/operations.hpp"

namespace carrel::ops {

Operations::Operations(std::initializer_list<std::span<const Operation>> nouns, std::string_view prefix) {
    for (const auto noun : nouns)
        for (auto row : noun) {
            if (row.path.empty()) row.path = paths_.emplace_back(std::string{prefix}.append(row.name));
            rows_.push_back(row);
        }
}

}  // namespace carrel::ops
