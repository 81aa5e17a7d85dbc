// The rows of several nouns as one list.
#pragma once

#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/operation.hpp"

namespace carrel::ops {

/// Every row of `nouns`, in order and with its path: where a row says none, `prefix` and its name.
class Operations {
public:
    Operations(std::initializer_list<std::span<const Operation>> nouns, std::string_view prefix);
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;

    std::span<const Operation> rows() const { return rows_; }

private:
    std::deque<std::string> paths_;  ///< that rows show
    std::vector<Operation> rows_;
};

/// Whether it is of no use in a desk that has no display: those of screen, mouse, keyboard, windows,
/// clipboard and browser. Of a desk's rows.
bool needs_display(const Operation& row);

}  // namespace carrel::ops
