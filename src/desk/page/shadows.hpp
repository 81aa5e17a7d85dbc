// Closed shadow roots: no script gets at them, the DevTools protocol does, and gives them to the page's
// script, which keeps them as long as the document lives.
#pragma once

#include <string>

#include "desk/page/page.hpp"

namespace carrel::desk::page {

/// As Page::run, for operations that go through a document: what they meet that may hide a closed shadow root
/// is looked into, and if it does the operation runs once more.
Task<Page::Answer> run_through_shadows(Page& page, PageFrame frame, std::string operation,
                                       json::Object options,
                                       async::Duration limit = std::chrono::seconds{10});

}  // namespace carrel::desk::page
