#include "jail/dns/message.hpp"

#include "core/bytes.hpp"
#include "core/text.hpp"

namespace carrel::jail::dns {

namespace {

// The header: id, flags, and how many questions, answers, authorities and additions there are.
constexpr std::size_t header_size = 12;
constexpr std::size_t flags = 2, questions = 4, answers = 6, authorities = 8, additions = 10;

constexpr std::uint16_t is_response = 0x8000, opcode = 0x7800, recursion_desired = 0x0100,
                        recursion_available = 0x0080, response_code = 0x000F;

constexpr std::size_t longest_name = 255, longest_label = 63;
/// Transfers of whole zones: no business of a desk.
constexpr std::uint16_t first_transfer = 251, last_transfer = 252;

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(core::big_endian(bytes, at, 2));
}

void put_number(std::string& bytes, std::size_t at, std::uint16_t number) {
    bytes[at] = static_cast<char>(number >> 8);
    bytes[at + 1] = static_cast<char>(number & 0xFF);
}

/// Where the name that begins at `start` ends; nothing when it is no plain one. Compression refers
/// to what came before, so that a first name has none.
std::optional<std::size_t> find_name_end(std::string_view bytes, std::size_t start) {
    auto at = start;
    while (at < bytes.size()) {
        const auto length = static_cast<unsigned char>(bytes[at]);
        if (length > longest_label) return std::nullopt;
        at += 1 + std::size_t{length};
        if (at - start > longest_name) return std::nullopt;
        if (length == 0) return at;
    }
    return std::nullopt;
}

}  // namespace

std::expected<Query, Rcode> parse_query(std::string_view bytes) {
    const auto wrong = std::unexpected{Rcode::format_error};
    if (bytes.size() < header_size || bytes.size() > longest_query) return wrong;
    const auto flag_bits = number_at(bytes, flags);
    if ((flag_bits & is_response) != 0) return wrong;
    if ((flag_bits & opcode) != 0) return std::unexpected{Rcode::not_implemented};
    if (number_at(bytes, questions) != 1 || number_at(bytes, answers) != 0 ||
        number_at(bytes, authorities) != 0 || number_at(bytes, additions) > 2)
        return wrong;
    const auto name_end = find_name_end(bytes, header_size);
    constexpr std::size_t type_and_class = 4;
    if (!name_end || *name_end + type_and_class > bytes.size()) return wrong;
    const auto type = number_at(bytes, *name_end);
    if (type >= first_transfer && type <= last_transfer) return std::unexpected{Rcode::refused};
    return Query{std::string{bytes}, *name_end + type_and_class};
}

std::optional<std::string> format_failure(std::string_view query, Rcode code) {
    if (query.size() < header_size || (number_at(query, flags) & is_response) != 0) return std::nullopt;
    const auto parsed = parse_query(query);
    std::string answer{query.substr(0, parsed ? parsed->question_end : header_size)};
    const auto kept = number_at(query, flags) & (opcode | recursion_desired);
    put_number(answer, flags,
               static_cast<std::uint16_t>(kept | is_response | recursion_available |
                                          static_cast<std::uint16_t>(code)));
    put_number(answer, questions, parsed ? 1 : 0);
    for (const auto count : {answers, authorities, additions}) put_number(answer, count, 0);
    return answer;
}

bool is_answer_to(const Query& query, std::string_view bytes) {
    if (bytes.size() < query.question_end || bytes.size() > longest_answer) return false;
    if (id_of(bytes) != id_of(query.bytes)) return false;
    const auto flag_bits = number_at(bytes, flags);
    if ((flag_bits & is_response) == 0 || (flag_bits & opcode) != 0) return false;
    if (number_at(bytes, questions) != 1) return false;
    const auto name_size = query.question_end - header_size - 4;
    const std::string_view asked = query.bytes;
    return core::equals_ignoring_case(bytes.substr(header_size, name_size),
                                      asked.substr(header_size, name_size)) &&
           bytes.substr(query.question_end - 4, 4) == asked.substr(query.question_end - 4, 4);
}

std::optional<Rcode> find_bare_failure(const Query& query, std::string_view bytes) {
    if (bytes.size() < header_size || id_of(bytes) != id_of(query.bytes)) return std::nullopt;
    const auto flag_bits = number_at(bytes, flags);
    if ((flag_bits & is_response) == 0 || (flag_bits & opcode) != 0 || number_at(bytes, questions) != 0)
        return std::nullopt;
    for (const auto code :
         {Rcode::format_error, Rcode::server_failure, Rcode::not_implemented, Rcode::refused})
        if ((flag_bits & response_code) == static_cast<int>(code)) return code;
    return std::nullopt;
}

bool is_unhelpful(std::string_view answer) {
    const auto code = number_at(answer, flags) & response_code;
    return code == static_cast<int>(Rcode::server_failure) || code == static_cast<int>(Rcode::refused);
}

std::uint16_t id_of(std::string_view message) { return number_at(message, 0); }
void set_id(std::string& message, std::uint16_t id) { put_number(message, 0, id); }

}  // namespace carrel::jail::dns
