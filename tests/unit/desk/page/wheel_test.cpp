#include "desk/page/wheel.hpp"

#include <doctest/doctest.h>

using carrel::desk::page::Scrolled;
using carrel::desk::page::ScrollEnd;
using carrel::desk::page::to_sentence;

TEST_CASE("a turn of the wheel says what scrolled, how far it still can, and that nothing did") {
    using enum Scrolled::Outcome;
    using enum ScrollEnd;
    struct Case {
        Scrolled scrolled;
        ScrollEnd end;
        std::string_view sentence;
    };
    for (const auto& [scrolled, end, sentence] : {
             Case{{moved, "the page", 300, 420, 300},
                  bottom,
                  "the page scrolled by 300 pixels: 420 more below, 300 above."},
             Case{{moved, "list [ref_4]", 5, 0, 9},
                  left,
                  "list [ref_4] scrolled by 5 pixels: 0 more to the left, 9 to the right."},
             Case{{nothing, "the frame", 0, 0, 70},
                  top,
                  "Nothing scrolled: the frame is at its end, with nothing more above and 70 pixels below."},
             Case{{nothing, "the page", 0, 0, 0},
                  right,
                  "Nothing scrolled: the page has nothing to the right nor to the left."},
             Case{{nothing, "the page", 0, 12, 0},
                  bottom,
                  "Nothing scrolled, though the page has 12 more pixels below."},
             Case{{taken, {}}, top, "No box scrolled: the page did something of its own with the wheel."},
             Case{{unknown, {}}, top, "The wheel was turned; the page did not say what that scrolled."},
         })
        CHECK(to_sentence(scrolled, end) == sentence);
}
