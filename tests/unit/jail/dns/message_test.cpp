#include "jail/dns/message.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace carrel::jail::dns;
using namespace std::string_literals;

namespace {

const std::string header = "\x12\x34\1\0\0\1\0\0\0\0\0\0"s;
const std::string question = "\3web\4test\0\0\1\0\1"s;

std::string with(std::string message, std::size_t at, char value) {
    message[at] = value;
    return message;
}

}  // namespace

TEST_CASE("One ordinary question is understood, with or without what EDNS adds") {
    const auto plain = parse_query(header + question);
    REQUIRE(plain);
    CHECK(plain->question_end == header.size() + question.size());
    CHECK(id_of(plain->bytes) == 0x1234);
    const auto extended = parse_query(with(header, 11, 1) + question + "\0\0\x29\4\xD0\0\0\0\0\0\0"s);
    REQUIRE(extended);
    CHECK(extended->question_end == plain->question_end);
    CHECK(parse_query(header + "\0\0\2\0\1"s));
}

TEST_CASE("Every other message is refused with a code that says why") {
    const std::string label(63, 'a');
    const auto long_name = "\x3F" + label + "\x3F" + label + "\x3F" + label + "\x3F" + label + "\0\0\1\0\1"s;
    struct Case {
        const char* what;
        std::string message;
        Rcode code;
    };
    for (const auto& [what, message, code] : {
             Case{"empty", "", Rcode::format_error},
             Case{"half a header", header.substr(0, 11), Rcode::format_error},
             Case{"no question", header, Rcode::format_error},
             Case{"an answer", with(header, 2, '\x81') + question, Rcode::format_error},
             Case{"a status request", with(header, 2, '\x10') + question, Rcode::not_implemented},
             Case{"an update", with(header, 2, '\x28') + question, Rcode::not_implemented},
             Case{"no question counted", with(header, 5, 0) + question, Rcode::format_error},
             Case{"two questions", with(header, 5, 2) + question + question, Rcode::format_error},
             Case{"with an answer", with(header, 7, 1) + question, Rcode::format_error},
             Case{"with an authority", with(header, 9, 1) + question, Rcode::format_error},
             Case{"much beside it", with(header, 11, 9) + question, Rcode::format_error},
             Case{"a cut name", header + "\3we"s, Rcode::format_error},
             Case{"a name without end", header + "\3web"s, Rcode::format_error},
             Case{"a cut type", header + "\3web\0\0\1\0"s, Rcode::format_error},
             Case{"a compressed name", header + "\xC0\x0C\0\1\0\1"s, Rcode::format_error},
             Case{"a label of 64", header + "\x40" + std::string(64, 'a') + "\0\0\1\0\1"s,
                  Rcode::format_error},
             Case{"a name of 257", header + long_name, Rcode::format_error},
             Case{"a zone transfer", header + "\3web\0\0\xFC\0\1"s, Rcode::refused},
             Case{"too long", header + question + std::string(2000, 'x'), Rcode::format_error},
         }) {
        CAPTURE(what);
        const auto query = parse_query(message);
        REQUIRE(!query);
        CHECK(query.error() == code);
    }
}

TEST_CASE("A refusal repeats number and question, and nothing deserves none for an answer") {
    const auto failure = format_failure(header + question, Rcode::server_failure);
    REQUIRE(failure);
    CHECK(*failure == "\x12\x34\x81\x82\0\1\0\0\0\0\0\0"s + question);
    CHECK(format_failure(header, Rcode::format_error) == "\x12\x34\x81\x81\0\0\0\0\0\0\0\0"s);
    CHECK(!format_failure("\x12\x34\1"s, Rcode::format_error));
    CHECK(!format_failure(with(header, 2, '\x81') + question, Rcode::format_error));
}

TEST_CASE("Only an answer to the very question counts") {
    const auto query = *parse_query(header + question);
    const auto answer = with(header, 2, '\x81') + question;
    struct Case {
        const char* what;
        std::string message;
        bool is_answer;
    };
    for (const auto& [what, message, is_answer] : {
             Case{"the answer", answer, true},
             Case{"in another case", with(header, 2, '\x81') + "\3WeB\4tEst\0\0\1\0\1"s, true},
             Case{"with records", answer + "more", true},
             Case{"another number", with(answer, 1, '\x35'), false},
             Case{"a question", header + question, false},
             Case{"another name", with(answer, 13, 'x'), false},
             Case{"another type", with(answer, answer.size() - 3, 2), false},
             Case{"no question", with(answer, 5, 0), false},
             Case{"a notice", with(answer, 2, '\xA1'), false},
             Case{"cut", answer.substr(0, answer.size() - 1), false},
             Case{"empty", "", false},
         }) {
        CAPTURE(what);
        CHECK(is_answer_to(query, message) == is_answer);
    }
}

TEST_CASE("Servers that fail or refuse are told from those that know") {
    for (const int code : {0, 1, 2, 3, 4, 5}) {
        CAPTURE(code);
        CHECK(is_unhelpful(with(header, 3, static_cast<char>(code))) == (code == 2 || code == 5));
    }
}

TEST_CASE("A server that fails need not repeat the question") {
    const auto query = *parse_query(header + question);
    const auto bare = with(with(header, 2, '\x81'), 5, 0);
    CHECK(find_bare_failure(query, with(bare, 3, '\x01')) == Rcode::format_error);
    CHECK(find_bare_failure(query, with(bare, 3, '\x82')) == Rcode::server_failure);
    CHECK(find_bare_failure(query, with(bare, 3, '\x04')) == Rcode::not_implemented);
    CHECK(find_bare_failure(query, with(bare, 3, '\x05') + "more") == Rcode::refused);
    for (const auto& none : {with(bare, 3, '\0'), with(bare, 3, '\x03'),
                             with(with(bare, 3, '\x05'), 1, '\x35'), with(with(header, 5, 0), 3, '\x05'),
                             with(with(header, 2, '\x81'), 3, '\x05'), bare.substr(0, 11), ""s})
        CHECK_FALSE(find_bare_failure(query, none));
}
