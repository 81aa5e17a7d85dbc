// The part of a file that a request asks for (RFC 9110 §14). Pure.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::transfer {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    bool operator==(const ByteRange&) const = default;
};

struct RangeVerdict {
    enum class Kind { whole, part, unsatisfiable };
    Kind kind = Kind::whole;
    ByteRange range;
};

/// What `header` ("bytes=0-99", "bytes=-5") wants of a file of `size` bytes. What is malformed, of another
/// unit or several ranges at once is passed over, as the RFC allows: the whole file is the answer then.
RangeVerdict judge_range(std::string_view header, std::uint64_t size);

/// Whether If-Range is fulfilled: by exactly this tag (with its quotes) or this time.
bool is_if_range_met(std::string_view header, std::string_view tag, std::string_view last_modified);

/// "bytes 0-99/1000"; of an empty range "bytes */1000".
std::string content_range(ByteRange range, std::uint64_t size);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t time);

}  // namespace carrel::desk::transfer
