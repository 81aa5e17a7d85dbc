// Where packages come from: what this host's own apt is told, so that a mirror or a proxy that was
// set up for the host serves images too. Facts: sources.list(5), apt.conf(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carrel::image {

/// The Debian sources of one-line-style text (`deb [options] URI suite components`) that serve
/// `suite`, `suite`-updates and `suite`-security over http or https, as such lines with the component
/// main. Other vendors' sources, disabled ones and unreadable lines are passed over.
std::vector<std::string> debian_lines_of_list(std::string_view text, std::string_view suite);

/// The same of deb822-style text (`Types:`, `URIs:`, `Suites:` … in paragraphs).
std::vector<std::string> debian_lines_of_deb822(std::string_view text, std::string_view suite);

/// Debian's own servers, for a host without any source of this suite.
std::vector<std::string> default_debian_lines(std::string_view suite);

/// The lines of `apt-config dump` that an image's build needs: proxies, time-outs, certificates, and
/// whether old lists are accepted.
std::string relevant_settings(std::string_view dump);

/// What the host's files say for `suite`; never empty.
std::vector<std::string> debian_lines_of_host(std::string_view suite);

}  // namespace carrel::image
