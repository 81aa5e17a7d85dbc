// Which of the codings that we keep of a file a client gets (RFC 9110, 12.5.3). Pure.
#pragma once

#include <string_view>

#include "net/http.hpp"

namespace carrel::api {

enum class Encoding { identity, gzip, brotli };

/// As Content-Encoding names it; empty for identity.
std::string_view name_of(Encoding encoding);

/// The one that the Accept-Encoding lines weigh most, of equal ones the smallest; identity where they allow
/// none, and where an item is malformed, since that item then says nothing.
Encoding choose_encoding(const net::Headers& headers);

}  // namespace carrel::api
