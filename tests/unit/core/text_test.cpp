#include "core/text.hpp"

#include <doctest/doctest.h>

#include "core/clock.hpp"
#include "core/id.hpp"

using namespace carrel::core;

TEST_CASE("UTF-8 is judged by Unicode table 3-7") {
    for (const auto* good : {"", "a", "é", "€", "😀", "\xEF\xBF\xBD"}) CHECK(is_utf8(good));
    for (const auto* bad :
         {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "a\xFF"})
        CHECK_FALSE(is_utf8(bad));
    CHECK(repair_utf8("a\xFFz") == "a\xEF\xBF\xBDz");
    CHECK(utf8_prefix("a€b", 2) == "a");
    CHECK(utf8_prefix("a€b", 4) == "a€");
    CHECK(count_characters("a€😀") == 3);
}

TEST_CASE("base64 goes both ways and refuses what is not base64") {
    for (const auto* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
        CHECK(parse_base64(to_base64(text)).value() == text);
    CHECK(to_base64("foob") == "Zm9vYg==");
    for (const auto* bad : {"Zg=", "Zg", "Z g=", "====", "Z===", "Zm9v\n"})
        CHECK_MESSAGE(!parse_base64(bad), bad);
}

TEST_CASE("percent encoding goes both ways") {
    CHECK(percent_encode("a b/ü") == "a%20b%2F%C3%BC");
    CHECK(percent_decode("a%20b%2F%C3%BC").value() == "a b/ü");
    for (const auto* bad : {"%", "%1", "%zz"}) CHECK_FALSE(percent_decode(bad));
}

TEST_CASE("a near word is suggested, a far one is not") {
    CHECK(nearest("lisen", {"listen", "data"}).value() == "listen");
    CHECK_FALSE(nearest("colour", {"listen", "data"}));
}

TEST_CASE("identifiers are a prefix and twelve hexadecimal digits") {
    CHECK(is_id("sess_", make_id("sess_")));
    CHECK(make_id("sess_") != make_id("sess_"));
    for (const auto* bad :
         {"sess_", "sess_../../../..", "sess_0123456789AB", "desk_0123456789ab", "sess_0123456789abc"})
        CHECK_FALSE(is_id("sess_", bad));
}

TEST_CASE("times are RFC 3339 in UTC with milliseconds") {
    CHECK(to_rfc3339(Instant{std::chrono::milliseconds{0}}) == "1970-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(Instant{std::chrono::milliseconds{1'795'187'045'123}}) == "2026-11-20T15:04:05.123Z");
}

TEST_CASE("numbers are taken whole or not at all") {
    CHECK(parse_unsigned("0").value() == 0);
    for (const auto* bad : {"", "-1", "+1", " 1", "1x", "99999999999999999999999"})
        CHECK_FALSE(parse_unsigned(bad));
}

TEST_CASE("words stand between any white space") {
    using Words = std::vector<std::string_view>;
    CHECK(words_of("").empty());
    CHECK(words_of(" \t\r\n").empty());
    CHECK(words_of("one") == Words{"one"});
    CHECK(words_of(" one\t two\r\nthree ") == Words{"one", "two", "three"});
}

TEST_CASE("a text of white space alone is blank, of whatever script the space is") {
    for (const auto* blank :
         {"", " ", "\t\n\v\f\r ", "\u00a0", "\u3000", "\u0085", "\u2003\u2028\u202f", "\ufeff", "\x1c\x1f"})
        CHECK_MESSAGE(is_blank(blank), blank);
    for (const auto* text : {"a", " a ", "\u00a0.", "\u3000\u4f60", "\u200b", "\xc2"})
        CHECK_FALSE(is_blank(text));
}
