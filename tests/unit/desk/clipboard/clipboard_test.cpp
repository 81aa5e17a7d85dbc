#include <doctest/doctest.h>

#include "desk/clipboard/selection.hpp"

using namespace carrel::desk;
using namespace carrel::desk::clipboard;
using namespace std::string_view_literals;

TEST_CASE("Latin-1 has question marks for what it has no room for") {
    struct Case {
        std::string_view utf8;
        std::string_view latin1;
    };
    for (const auto& [utf8, latin1] : {
             Case{"plain", "plain"},
             Case{"Grüße",
                  "Gr\xfc\xdf"
                  "e"},
             Case{"\u00a0\u00ff\u0100", "\xa0\xff?"},
             Case{"1 €, 你好 😀", "1 ?, ?? ?"},
             Case{"", ""},
         }) {
        CAPTURE(utf8);
        CHECK(to_latin1(utf8) == latin1);
    }
    // Cut or broken characters do no harm.
    CHECK(to_latin1("a\xc3").size() <= 2);
    CHECK(to_latin1("\xff\xfe") == "??");
    for (int byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        CHECK(to_latin1(from_latin1(one)) == one);
    }
}

TEST_CASE("a text is asked for in the best form that is offered") {
    using Names = std::vector<std::string>;
    CHECK(text_target(Names{"STRING", "TARGETS", "UTF8_STRING"}) == "UTF8_STRING");
    CHECK(text_target(Names{"text/html", "text/plain"}) == "text/plain");
    CHECK(text_target(Names{"STRING"}) == "STRING");
    CHECK_FALSE(text_target(Names{"image/png", "TARGETS"}));
    CHECK_FALSE(text_target(Names{}));
    CHECK(text_from("STRING", "\xfc") == "ü");
    CHECK(text_from("UTF8_STRING", "ü\0"sv) == "ü");
    CHECK(text_from("UTF8_STRING", "a\xff") == "a\xef\xbf\xbd");
}

TEST_CASE("what is offered is told as media types, each once") {
    CHECK(media_types({"TIMESTAMP", "TARGETS", "UTF8_STRING", "text/plain;charset=utf-8", "text/html",
                       "image/png"}) == std::vector<std::string>{"text/plain", "text/html", "image/png"});
    CHECK(media_types({"TARGETS"}).empty());
}

TEST_CASE("a picture is known by its beginning") {
    CHECK(is_png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR and more"sv));
    CHECK_FALSE(is_png("\x89PNG\r\n\x1a\n"sv));
    CHECK_FALSE(is_png("GIF89a"));
    CHECK_FALSE(is_png(""));
}
