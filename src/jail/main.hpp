// The command line of carrel-jail.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "jail/dns/resolver.hpp"
#include "jail/serve.hpp"

namespace carrel::jail {

/// `--socket FD --data DIR --uid-base N --carrel-uid U --carrel-gid G [--desk-binary
/// PATH]`. Pure.
core::Expected<ServeOptions> parse_serve_options(const std::vector<std::string>& words);

/// `--lock FILE --address A --uid U --gid G [--ready FD]`. Pure.
core::Expected<dns::Options> parse_dns_options(const std::vector<std::string>& words);

/// Runs the program; its exit status.
int run_program(const std::vector<std::string>& words);

}  // namespace carrel::jail
