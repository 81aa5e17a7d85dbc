// Finds elements of a page by words: what a person would call them. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "desk/page/tree.hpp"

namespace carrel::desk::page {

struct PageMatch {
    std::size_t entry = 0;  ///< its place among the entries
    double score = 0;
    /// "listitem \"Blue shirt\"": the named element around it, where its own line does not tell it from
    /// others.
    std::string place;
};

/// The best first, at most `limit`. Words are compared without case with names, values, addresses and
/// states; words such as "button" or "field" also with roles; and, for less, with what stands around an
/// element. Entries without a reference never match.
std::vector<PageMatch> find_entries(std::string_view query, std::span<const PageEntry> entries,
                                    std::size_t limit);

}  // namespace carrel::desk::page
