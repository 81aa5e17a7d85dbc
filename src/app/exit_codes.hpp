// How commands end: one table, for --help, the documents, and main.
#pragma once

#include <string>
#include <utility>

#include "core/error.hpp"

namespace carrel::app {

namespace exit_code {
constexpr int done = 0;
constexpr int failed = 1;
constexpr int usage = 2;
constexpr int timed_out = 124;  ///< as timeout(1)
constexpr int not_run = 125;    ///< as docker(1)
}  // namespace exit_code

/// The words of the command line are wrong: nothing was asked of anybody.
class UsageError : public core::Error {
public:
    explicit UsageError(std::string message) : Error{core::Code::invalid, std::move(message), "usage"} {}
};

/// What stands below the help of every word: exit codes and environment, as text of two columns.
std::string help_footer();
/// The same as Markdown, for docs.
std::string command_line_page();

}  // namespace carrel::app
