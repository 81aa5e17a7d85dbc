#include "desk/page/tree.hpp"

#include <doctest/doctest.h>

#include "core/text.hpp"
#include "desk/page/read.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::page;

namespace {

PageReading reading_of(std::string_view text) {
    return core::value_or_throw(parse_reading(core::value_or_throw(json::parse(text))));
}

std::string line_of(std::string_view entry) {
    return render_entry(reading_of(R"({"entries":[)" + std::string{entry} + "]}").entries.at(0));
}

}  // namespace

TEST_CASE("an element is one line with its role, name, reference, value and states") {
    struct Case {
        const char* entry;
        const char* line;
    };
    for (const auto& [entry, line] :
         {Case{R"({"d":0,"n":3,"r":"heading","t":"Orders","s":["level 1"]})",
               R"(heading "Orders" [ref_3] (level 1))"},
          Case{R"({"d":2,"n":4,"r":"link","t":"Next","u":"/n?a=1"})", R"(link "Next" [ref_4] href="/n?a=1")"},
          Case{R"({"n":5,"r":"textbox","t":"","v":"a b","s":["required","focused"]})",
               R"(textbox [ref_5] value="a b" (required, focused))"},
          Case{R"({"n":6,"r":"textbox","t":"Code","v":""})", R"(textbox "Code" [ref_6] value="")"},
          Case{R"-({"n":7,"r":"combobox","t":"Size","o":["S","M (selected)"]})-",
               R"(combobox "Size" [ref_7] options: S | M (selected))"},
          Case{R"({"n":8,"r":"list","t":"","c":1})", R"(list [ref_8] (more inside))"},
          Case{R"({"r":"text","t":"without a number"})", R"(text "without a number")"},
          // Whatever a page calls its elements, a name ends where it ends.
          Case{R"({"n":9,"r":"button","t":"a\" [ref_1] \\ \nlink"})",
               R"(button "a\" [ref_1] \\ link" [ref_9])"},
          Case{"{\"n\":9,\"r\":\"button\",\"t\":\"a\\u202eb\\u0007c\\u2028d\\u0085e\"}",
               R"(button "a b c d e" [ref_9])"}})
        CHECK(line_of(entry) == line);
}

TEST_CASE("what the script would not answer is refused or left out, never believed") {
    for (const char* text : {"{}", "[]", "null", R"({"entries":{}})", R"({"entries":"x"})"})
        CHECK_FALSE(parse_reading(core::value_or_throw(json::parse(text))).has_value());
    const auto reading =
        reading_of(R"({"entries":[{"d":-5,"n":1e300,"r":7,"t":[1],"s":"x","f":[1,2,3],"o":[1]},3,null],
                                       "next":"x","outside":-1,"cut":1})");
    REQUIRE(reading.entries.size() == 3);
    CHECK(reading.entries[0].depth == 0);
    CHECK(reading.entries[0].number == 0);
    CHECK(!reading.entries[0].seen_part);
    CHECK(reading.next_number == 1);
    CHECK(reading.outside == 0);
    CHECK(!reading.is_cut);
    CHECK(reading_of(R"({"entries":[{"d":99999,"r":"x"}]})").entries[0].depth <= 2000);
}

TEST_CASE("what boxes scroll out of sight is told apart from what is outside the viewport") {
    const auto reading = reading_of(R"({"entries":[{"n":1,"r":"list","t":""}],"outside":7,
                                        "boxes":[{"n":1,"t":"list \"A\n\"","more":4},{"n":"x","more":-1},3]})");
    REQUIRE(reading.boxes.size() == 3);
    CHECK(reading.boxes[0].hidden == 4);
    CHECK(reading.boxes[1].number == 0);
    CHECK(reading.boxes[1].hidden == 0);
    PageView view;
    view.entries = reading.entries;
    view.outside = reading.outside;
    view.boxes.push_back(reading.boxes[0]);
    CHECK(render_view(view, {}).text ==
          "list [ref_1]\n"
          "(4 more elements are scrolled out of sight in list \"A \" [ref_1]: scroll there, or read with "
          "filter \"all\")\n"
          "(3 more elements are outside the viewport: scroll, or read with filter \"all\")\n");
    view.outside = 4;
    CHECK(!render_view(view, {}).text.contains("viewport"));
    CHECK(reading_of(R"({"entries":[],"boxes":{}})").boxes.empty());
}

TEST_CASE("a tree is indented by depth and ends at the last line that fits") {
    const auto reading =
        reading_of(R"({"entries":[{"d":0,"n":1,"r":"main","t":""},{"d":1,"n":2,"r":"button","t":"Grüße"},
                                       {"d":1,"n":3,"r":"button","t":"B"}]})");
    const auto whole = render_tree(reading.entries, 10'000);
    CHECK(whole.text == "main [ref_1]\n  button \"Grüße\" [ref_2]\n  button \"B\" [ref_3]\n");
    CHECK(whole.left_out == 0);
    // Characters are counted, not bytes.
    const auto exact = render_tree(reading.entries, 13 + 25);
    CHECK(exact.text == "main [ref_1]\n  button \"Grüße\" [ref_2]\n");
    CHECK(exact.left_out == 1);
    CHECK(render_tree(reading.entries, 37).left_out == 2);
    CHECK(render_tree({}, 10).text.empty());
}

TEST_CASE("a reference is ref_ and a number") {
    CHECK(parse_reference("ref_12") == 12);
    CHECK(parse_reference("[ref_7]") == 7);
    CHECK(parse_reference(" 3 ") == 3);
    for (const char* wrong :
         {"", "ref_", "ref_0", "ref_-1", "ref_1a", "reference", "ref_99999999999", "ref_1 ref_2"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_reference(wrong).has_value());
    }
}

TEST_CASE("one line is cut by characters and never inside one") {
    CHECK(one_line("  a \t\n b  ", 10) == "a b");
    CHECK(one_line("äöü", 2) == "äö");
    CHECK(one_line("a b", 2) == "a ");
    CHECK(one_line("", 5).empty());
    CHECK(one_line("a\xc2", 5) == "a\xc2");  // half a character is nothing to look beyond
    for (std::size_t limit = 0; limit < 12; ++limit) CHECK(core::is_utf8(one_line("x€😀ä\u202e y", limit)));
}
