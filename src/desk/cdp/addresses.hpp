// Addresses as people write them: "localhost:8305", "intranet/wiki", "example.org". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::cdp {

/// What an address without a scheme means, in the order to try: http for this machine and for names without
/// a dot, which have no certificates; else https, and then http. Empty when it has a scheme or is no such
/// address.
std::vector<std::string> guess_addresses(std::string_view text);

/// "http://x.test:8000" of an address there, in small letters and without the port that its scheme implies.
std::string origin_of(std::string_view url);

/// Whether what https failed with can mean that the server has none: then http is tried. The browser's
/// reason is what the sentence ends with, after a colon; what comes before it holds the address.
bool is_without_https(std::string_view failure);

}  // namespace carrel::desk::cdp
