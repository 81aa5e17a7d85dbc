// DNS messages (RFC 1035), as far as one who passes them on must understand them. Pure, fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::jail::dns {

/// Response codes that we give ourselves.
enum class Rcode : std::uint8_t { format_error = 1, server_failure = 2, not_implemented = 4, refused = 5 };

/// Longer ones are refused: a question has 271 bytes at most, and what may follow it is small.
inline constexpr std::size_t longest_query = 1024;
inline constexpr std::size_t longest_answer = 65535;

/// A question that may be passed on.
struct Query {
    std::string bytes;
    std::size_t question_end;  ///< where the header and the one question end
};

/// Exactly one ordinary question about one well-formed name, or with which code to refuse it.
std::expected<Query, Rcode> parse_query(std::string_view bytes);

/// The answer that says `code` to a query, however broken; nothing when it deserves none.
std::optional<std::string> format_failure(std::string_view query, Rcode code);

/// Whether `bytes` answers `query`: the same number, the same question.
bool is_answer_to(const Query& query, std::string_view bytes);
/// Whether the server that answered so could not help, and another one might.
bool is_unhelpful(std::string_view answer);
/// What a server says that could not even repeat the question (RFC 1035 §4.1.1 lets it leave that out): the
/// failure, when `bytes` is one for `query`'s number.
std::optional<Rcode> find_bare_failure(const Query& query, std::string_view bytes);

std::uint16_t id_of(std::string_view message);
void set_id(std::string& message, std::uint16_t id);

}  // namespace carrel::jail::dns
