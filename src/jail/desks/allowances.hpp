// System calls of which a program in a desk may use certain values only: all others are refused, also those
// that a later kernel invents. libseccomp cannot say "none but these", so this part of the filter is ours.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace carrel::jail::desks {

/// An argument of a call: its position, and which of its low 32 bits matter. The kernel looks at no more
/// of those that stand here.
struct Argument {
    unsigned index;
    std::uint32_t mask = 0xFFFFFFFF;
};

struct Condition {
    Argument argument;
    std::uint32_t value;
};

/// Both ends included.
struct Values {
    std::uint32_t first;
    std::uint32_t last;
};

/// One value that may be used.
constexpr Values only(std::uint32_t value) { return {value, value}; }

struct Allowance {
    const char* call;
    int error;                      ///< the errno for every other value
    std::optional<Condition> when;  ///< in other cases any value may be used
    Argument argument;
    std::vector<Values> values;
};

/// The last system call whose place in a desk has been judged: file_setattr, of Linux 6.17. From 424 on all
/// machines share the numbers.
constexpr std::uint32_t last_judged_call = 469;

/// What programs in a desk may use; rows of one call stand together.
const std::vector<Allowance>& allowances();

/// The beginning of a filter: calls after the last one judged answer ENOSYS, so that programs fall back to
/// older ones, and `rows` are held. It ends in what follows it. Names that this machine lacks are passed
/// over.
std::vector<sock_filter> compile_allowances(const std::vector<Allowance>& rows);

}  // namespace carrel::jail::desks
