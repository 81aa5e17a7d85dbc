// The page's files, embedded in the program.
#pragma once

#include <string_view>

#include "net/http.hpp"

namespace carrel::api {

/// The file of that name with its type, a policy that lets the page load only from us, and an ETag;
/// compressed, as it was when the page was built, where the client takes that. Throws Error{not_found}.
net::Response page_file(const net::Request& request, std::string_view name);

}  // namespace carrel::api
