// The API's reference as Markdown, made from the rows of src/ops: an index, and a page for each noun. Pure.
#pragma once

#include <string>
#include <string_view>

namespace carrel::app {

/// docs/operations/README.md: every operation in a line, with a link to its page.
std::string reference_index();

/// docs/operations/<noun>.md: the operations of "mouse", each with its fields, answer and example. Throws
/// Error{invalid} that tells what nouns there are.
std::string reference_page(std::string_view noun);

}  // namespace carrel::app
