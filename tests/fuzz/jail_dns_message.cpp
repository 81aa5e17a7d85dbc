// What desks and name servers send to `carrel-jail dns`.
#include <cstdlib>
#include <string_view>

#include "jail/dns/message.hpp"

using namespace carrel::jail::dns;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto query = parse_query(bytes);
    const auto failure = format_failure(bytes, query ? Rcode::server_failure : query.error());
    if (!query) return 0;
    // What we answer is an answer to what we were asked.
    if (!failure || !is_answer_to(*query, *failure)) std::abort();
    if (is_answer_to(*query, bytes)) std::abort();
    return 0;
}
