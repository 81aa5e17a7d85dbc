#include "net/answer.hpp"

#include <fmt/format.h>

namespace carrel::net {

namespace {

using core::Code;
using core::Error;

constexpr int most_interim_answers = 8;

/// Where the head that begins the wire's buffer ends; nothing when the connection ends before its first byte.
Task<std::optional<std::size_t>> read_to_head_end(Wire& wire, std::size_t limit) {
    for (std::size_t seen = 0;;) {
        const auto bytes = wire.buffered();
        const auto end = find_head_end(bytes, seen);
        if (!end) throw bad_answer(end.error().message());
        if (*end) co_return *end;
        if (bytes.size() >= limit) throw bad_answer(fmt::format("its head is larger than {} bytes", limit));
        seen = bytes.size();
        if (co_await wire.fill(limit) > 0) continue;
        if (seen > 0) throw broke_off();
        co_return std::nullopt;
    }
}

}  // namespace

Error bad_answer(std::string_view why) {
    return {Code::unavailable, fmt::format("the desk's tool server answered with what is not HTTP: {}", why),
            "bad_desk_answer"};
}

Error broke_off() {
    return {Code::unavailable,
            "the desk's tool server ended while the call was under way; the call may have been carried out",
            "tool_server_restarted"};
}

Error in_tunnel_terms(const Error& error) {
    return error.code() == Code::invalid ? bad_answer(error.message()) : broke_off();
}

Task<std::optional<AnswerHead>> read_answer(Wire& wire, std::string_view method, std::size_t limit) {
    for (int interim = 0; interim <= most_interim_answers; ++interim) {
        std::optional<std::size_t> end;
        bool has_broken_off = false;
        try {
            end = co_await read_to_head_end(wire, limit);
        } catch (const Error& error) {
            if (error.code() != Code::unavailable || error.reason() != name_of(Code::unavailable)) throw;
            has_broken_off = true;
        }
        // A reset before the first byte says no more than an end there.
        if (has_broken_off && !wire.buffered().empty()) throw broke_off();
        if (!end) co_return std::nullopt;
        auto head = parse_answer_head(wire.buffered().substr(0, *end), method);
        wire.consume(*end);
        if (!head) throw bad_answer(head.error().message());
        if (head->status >= 200 || head->status == 101) co_return std::move(*head);
    }
    throw bad_answer(fmt::format("more than {} interim answers", most_interim_answers));
}

}  // namespace carrel::net
