#include <doctest/doctest.h>

#include <string>

#include "desk/files/text.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::files;

TEST_CASE("a text is shown with line numbers, whole or in part") {
    const std::string text = "one\n\ttwo\nthree\n";
    const std::string heading = "Here's the result of running `cat -n` on /f:\n";
    CHECK(*view_text("/f", text, {}) == heading + "     1\tone\n     2\t\ttwo\n     3\tthree\n");
    CHECK(*view_text("/f", text, {2, 3}) == heading + "     2\t\ttwo\n     3\tthree\n");
    CHECK(*view_text("/f", text, {3, -1}) == heading + "     3\tthree\n");
    CHECK(*view_text("/f", "", {}) == heading);
    CHECK(*view_text("/f", "\xff", {}) == heading + "     1\t\uFFFD\n");
}

TEST_CASE("a range outside the file is refused in the vendor's words") {
    const auto refusal = [](std::vector<int> range) {
        return view_text("/f", "1\n2\n3\n", range).error().message();
    };
    CHECK(
        refusal({3, 2}) ==
        "Invalid `view_range`: [3, 2]. Its second element `2` should be larger or equal than its first `3`");
    CHECK(refusal({0, 2}) ==
          "Invalid `view_range`: [0, 2]. Its first element `0` should be within the range of "
          "lines of the file: [1, 3]");
    CHECK(refusal({2, 4}) ==
          "Invalid `view_range`: [2, 4]. Its second element `4` should be smaller than the "
          "number of lines in the file: `3`");
    CHECK(refusal({1}) == "Invalid `view_range`. It should be a list of two integers.");
}

TEST_CASE("a long text is clipped, with a note") {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "line\n";
    const auto shown = *view_text("/f", text, {});
    CHECK(shown.size() < 17'000);
    CHECK(shown.contains("<response clipped><NOTE>"));
    CHECK_FALSE(view_text("/f", text, {100, 120})->contains("clipped"));
}

TEST_CASE("a text that stands once is replaced, and the surroundings are shown") {
    const auto edited = replace_text("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "6", "six\nand more");
    REQUIRE(edited);
    CHECK(edited->text == "1\n2\n3\n4\n5\nsix\nand more\n7\n8\n9\n10\n");
    CHECK(edited->report ==
          "The file /f has been edited. Here's the result of running `cat -n` on a snippet of /f:\n"
          "     2\t2\n     3\t3\n     4\t4\n     5\t5\n     6\tsix\n     7\tand more\n     8\t7\n     9\t8\n"
          "    10\t9\n    11\t10\nReview the changes and make sure they are as expected. Edit the file again "
          "if "
          "necessary.");
    CHECK(replace_text("/f", "a\tb\r\n\xff", "a", "")->text == "\tb\r\n\xff");
}

TEST_CASE("a text that stands nowhere or twice is not replaced") {
    CHECK(replace_text("/f", "a", "b", "c").error().message() ==
          "No replacement was performed, old_str `b` did not appear verbatim in /f.");
    CHECK(
        replace_text("/f", "x\nab\nx\nab\n", "x\na", "c").error().message() ==
        "No replacement was performed. Multiple occurrences of old_str `x\na` in lines [1, 3]. Please ensure "
        "it is unique");
    CHECK_FALSE(replace_text("/f", "aaa", "aa", "c"));
}

TEST_CASE("text is inserted after a line as whole lines") {
    CHECK(insert_text("/f", "1\n2\n", 1, "new")->text == "1\nnew\n2\n");
    CHECK(insert_text("/f", "1\n2\n", 1, "new\n")->text == "1\nnew\n2\n");
    CHECK(insert_text("/f", "1\n2\n", 0, "new")->text == "new\n1\n2\n");
    CHECK(insert_text("/f", "1\n2\n", 2, "new")->text == "1\n2\nnew\n");
    CHECK(insert_text("/f", "1\n2", 2, "new")->text == "1\n2\nnew");
    CHECK(insert_text("/f", "", 0, "new")->text == "new\n");
    CHECK(insert_text("/f", "1\n", 2, "new").error().message() ==
          "Invalid `insert_line` parameter: 2. It should be within the range of lines of the file: [0, 1]");
    CHECK(insert_text("/f", "1\n", 1, "new")->report ==
          "The file /f has been edited. Here's the result of running `cat -n` on a snippet of the edited "
          "file:\n"
          "     1\t1\n     2\tnew\nReview the changes and make sure they are as expected (correct "
          "indentation, no "
          "duplicate lines, etc). Edit the file again if necessary.");
}

TEST_CASE("lines that end in CRLF are found by texts with LF, and stay so") {
    const auto replaced = [](std::string_view text, std::string_view from, std::string_view to) {
        const auto edited = replace_text("/f", text, from, to);
        return edited ? edited->text : "!" + edited.error().message();
    };
    CHECK(replaced("one\r\n2\r\n3\r\n", "one\n2\n", "1\n2\nnew\n") == "1\r\n2\r\nnew\r\n3\r\n");
    CHECK(replaced("one\r\n2\r\n", "one", "1\nmore") == "1\r\nmore\r\n2\r\n");
    CHECK(replaced("one\r\n2\r\n", "\n2", "\nzwei") == "one\r\nzwei\r\n");
    CHECK(replaced("one\r\n2", "2", "2\n3") == "one\r\n2\r\n3");
    CHECK(replaced("a\r\n\r\nb\r\n", "a\n\nb", "c") == "c\r\n");
    // Who says CRLF means it, and can have LF put in its place.
    CHECK(replaced("one\r\n2\r\n", "one\r\n", "1\n") == "1\n2\r\n");
    CHECK(replaced("one\r\n2\r\n", "one", "1\r\nmore") == "1\r\nmore\r\n2\r\n");
    // A text with both: the ends of the place itself.
    CHECK(replaced("a\r\nb\nc\n", "b\nc", "b\nx\nc") == "a\r\nb\nx\nc\n");
    CHECK(replaced("a\r\nb\nc\n", "a\nb", "a\nx\nb") == "a\r\nx\r\nb\nc\n");
    // A CR of its own is no line end.
    CHECK(replaced("a\rb\n", "a", "c\nd") == "c\nd\rb\n");
    CHECK(replaced("one\r\ntwo\r\none\r\ntwo\n", "one\ntwo", "x") ==
          "!No replacement was performed. Multiple occurrences of old_str `one\ntwo` in lines [1, 3]. Please "
          "ensure it is unique");
    CHECK(
        replaced("one\n2\n", "one\r\n2", "x") ==
        "!No replacement was performed, old_str `one\r\n2` did not appear verbatim in /f. It does with other "
        "line ends: old_str has CRLF where the file has LF alone.");
    CHECK(replaced("one\r\n2\r\n", "one\n3", "x") ==
          "!No replacement was performed, old_str `one\n3` did not appear verbatim in /f.");
    CHECK(replace_text("/f", "one\r\n2\r\n", "one", "1\nmore")
              ->report.ends_with(
                  "necessary. The line ends of the file there are CRLF, and so are those of the new "
                  "text."));
    CHECK(replace_text("/f", "one\r\n2\r\n", "one", "1")->report.ends_with("necessary."));
}

TEST_CASE("lines are inserted with the line ends of those around them") {
    const auto inserted = [](std::string_view text, int line, std::string_view more) {
        return insert_text("/f", text, line, more)->text;
    };
    CHECK(inserted("1\r\n2\r\n", 1, "new") == "1\r\nnew\r\n2\r\n");
    CHECK(inserted("1\r\n2\r\n", 0, "a\nb\n") == "a\r\nb\r\n1\r\n2\r\n");
    CHECK(inserted("1\r\n2\r\n", 2, "a\r\nb") == "1\r\n2\r\na\r\nb\r\n");
    CHECK(inserted("1\r\n2", 2, "new") == "1\r\n2\r\nnew");
    CHECK(inserted("1\r\n2\n3\n", 2, "new") == "1\r\n2\nnew\n3\n");
    CHECK(inserted("1\r\n2\n3\n", 1, "new") == "1\r\nnew\r\n2\n3\n");
    CHECK(inserted("1\r2\n", 1, "new") == "1\r2\nnew\n");
    CHECK(inserted("one", 1, "new") == "one\nnew");
    CHECK(insert_text("/f", "1\r\n", 1, "new")->report.contains("     2\tnew\r\n"));
}
