// What answers about a page of the browser have in common.
#pragma once

#include <cstddef>

#include "ops/operation.hpp"

namespace carrel::ops {

constexpr Member tab_id{"tab_id", "string", "of the tab"};
constexpr Member page_url{"url", "string", "the page's address"};
constexpr Member page_title{"title", "string", "the page's title"};

/// Bytes of an address that a tab is sent to: Chromium's own limit.
constexpr std::size_t longest_page_url = 2'000'000;

}  // namespace carrel::ops
