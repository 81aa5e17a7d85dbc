#include <doctest/doctest.h>

#include <string>

#include "desk/processes/output.hpp"

using namespace carrel::desk;
using namespace carrel::desk::processes;

TEST_CASE("output within its bounds is kept as it is") {
    BoundedOutput output{16};
    output.add("12345678");
    output.add("abcdefgh");
    CHECK(output.text() == "12345678abcdefgh");
    CHECK_FALSE(output.is_cut());
}

TEST_CASE(
    "of long output the beginning and the end are kept, with a line between that says what is missing") {
    BoundedOutput output{8};
    output.add("head");
    for (int i = 0; i < 1000; ++i) output.add("middle ");
    output.add("tail");
    CHECK(output.text() == "head\n[... 7000 bytes left out here ...]\ntail");
    CHECK(output.left_out() == 7000);
    CHECK(output.size() == 8);
}

TEST_CASE("one piece larger than everything kept is cut like many small ones") {
    BoundedOutput output{8};
    output.add("head" + std::string(100'000, 'x') + "tail");
    CHECK(output.text() == "head\n[... 100000 bytes left out here ...]\ntail");
}

TEST_CASE("cutting leaves no half characters, and broken bytes become replacement characters") {
    BoundedOutput output{8};
    output.add("abc\u00e9 left out \u00e9xyz");
    // The half of the first é and the half of the last one count as left out.
    CHECK(output.text().starts_with("abc\n[..."));
    CHECK(output.text().ends_with("]\nxyz"));

    BoundedOutput broken{64};
    broken.add("a\xff\xc3");
    CHECK(broken.text() == "a\uFFFD\uFFFD");
}

TEST_CASE("pieces of a stream end between characters") {
    TextPieces pieces;
    CHECK(pieces.add("a\xe2\x82") == "a");
    CHECK(pieces.add("\xac"
                     "b") == "\u20acb");
    CHECK(pieces.add("\xf0\x9f\x98") == "");
    CHECK(pieces.add("\x80") == "\U0001F600");
    CHECK(pieces.add("\x80\x80\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");
    CHECK(pieces.add("x\xe2") == "x");
    CHECK(pieces.finish() == "\uFFFD");
    CHECK(pieces.finish() == "");
}
