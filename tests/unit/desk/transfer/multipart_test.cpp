#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "desk/transfer/multipart.hpp"

using namespace carrel;
using desk::transfer::MultipartParser;
using desk::transfer::parse_boundary;
using desk::transfer::PartHead;

namespace {

/// What was read, as one line: "name(filename)=content;" for each part, and the refusal at the end.
std::string read(std::string_view body, std::size_t piece) {
    std::string log;
    MultipartParser parser{"B",
                           {.begin =
                                [&](PartHead head) {
                                    log += head.name;
                                    if (head.filename) log += "(" + *head.filename + ")";
                                    log += "=";
                                },
                            .data = [&](std::string_view bytes) { log += bytes; },
                            .end = [&] { log += ";"; }}};
    while (!body.empty()) {
        const auto result = parser.push(body.substr(0, piece));
        if (!result) return log + "!" + result.error().message();
        body.remove_prefix(std::min(piece, body.size()));
    }
    const auto result = parser.finish();
    return result ? log : log + "!" + result.error().message();
}

std::string part(std::string_view disposition, std::string_view content) {
    return "--B\r\nContent-Disposition: " + std::string{disposition} + "\r\n\r\n" + std::string{content} +
           "\r\n";
}

struct Case {
    std::string body;
    std::string expected;
};

}  // namespace

TEST_CASE("a form's parts are read, in pieces of any size") {
    const std::vector<Case> cases{
        {part("form-data; name=\"file\"; filename=\"a.txt\"", "hello") + "--B--\r\n", "file(a.txt)=hello;"},
        {part("form-data; name=\"a\"", "1") + part("form-data; name=b", "2") + "--B--", "a=1;b=2;"},
        {"a preamble\r\n" + part("form-data; name=a", "1") + "--B--\r\nan epilogue", "a=1;"},
        {part("form-data; name=a", "") + "--B--", "a=;"},
        {part("form-data; name=a", "\r\n--A\r\n--\r\r\n-\r\n") + "--B--", "a=\r\n--A\r\n--\r\r\n-\r\n;"},
        {"--B \t \r\ncontent-disposition:form-data;name=a\r\nX: y\r\n\r\nv\r\n--B--", "a=v;"},
        {part("form-data; name=f; filename=\"say \\\"hi\\\" C:\\dir\\x\"", "z") + "--B--",
         "f(say \"hi\" C:\\dir\\x)=z;"},
        {part("form-data; name=\"\u00fc\"; filename=\"\"", "z") + "--B--", "\u00fc()=z;"},
        {part("form-data; filename=x; name=\"n;m\"", "z") + "--B--", "n;m(x)=z;"},
        {"--B--", ""},
    };
    for (const auto& expected : cases)
        for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
            CAPTURE(expected.body);
            CAPTURE(piece);
            CHECK(read(expected.body, piece) == expected.expected);
        }
}

TEST_CASE("what is no form is refused with a sentence") {
    std::string many;
    for (int i = 0; i < 33; ++i) many += part("form-data; name=a", "");
    const std::vector<Case> cases{
        {"", "!the body ends before its closing boundary"},
        {part("form-data; name=a", "v"), "a=!the body ends before its closing boundary"},
        {part("form-data; name=a", "v") + "--B-", "a=v;!the body ends before its closing boundary"},
        {std::string(10'000, 'x'), "!the body does not begin with its boundary"},
        {"--Bx\r\n", "!a boundary is followed by something else than a line end"},
        {"--B\r\n\r\nv\r\n--B--", "!a part has no Content-Disposition"},
        {"--B\r\nX: y\r\n\r\nv\r\n--B--", "!a part has no Content-Disposition"},
        {"--B\r\nno colon\r\n\r\nv\r\n--B--", "!a part's header line has no name"},
        {part("attachment; name=a", "v"), "!a part's Content-Disposition is not form-data"},
        {part("form-data; filename=a", "v"), "!a part's Content-Disposition has no name"},
        {part("form-data; name=\"a", "v"), "!a part's Content-Disposition is malformed"},
        {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\n",
         "!a part has two Content-Disposition lines"},
        {"--B\r\nX: " + std::string(20'000, 'y'), "!a part's header is longer than 16384 bytes"},
    };
    for (const auto& expected : cases)
        for (const std::size_t piece : {1, 1000, 100'000}) {
            CAPTURE(expected.body.substr(0, 80));
            CAPTURE(piece);
            CHECK(read(expected.body, piece) == expected.expected);
        }
    CHECK(read(many, 1000).ends_with("!the body has more than 32 parts"));
}

TEST_CASE("the boundary is taken from the Content-Type") {
    CHECK(*parse_boundary("multipart/form-data; boundary=abc") == "abc");
    CHECK(*parse_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b;c\"") == "a b;c");
    for (const auto* bad : {"", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
                            "multipart/form-data; boundary=\"abc", "multipart/mixed; boundary=a"})
        CHECK_FALSE(parse_boundary(bad));
    CHECK_FALSE(parse_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}
