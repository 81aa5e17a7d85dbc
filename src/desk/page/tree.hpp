// A page as a tree of text for a model: one line an element, with its role, name and reference. Pure.
//
//     heading "Orders" [ref_3] (level 1)
//     link "Invoice 7" [ref_4] href="/invoice/7"
//     textbox "Search" [ref_5] value="blue shirt" (required, focused)
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/parse.hpp"

namespace carrel::desk::page {

struct PageEntry {
    int depth = 0;
    int number = 0;  ///< of its reference; 0 without one
    std::string role;
    std::string name;  ///< or the text of a "text"
    std::vector<std::string> states;
    std::optional<std::string> value;
    std::string address;               ///< of a link
    std::vector<std::string> options;  ///< of a select
    bool is_interactive = false;
    bool has_more = false;  ///< there is more inside than the asked depth
    /// Of a frame: left, top, right, bottom of what is seen of it, in its own pixels.
    std::optional<std::array<double, 4>> seen_part;
};

/// A box that is in sight, and what of the elements in it is scrolled out of sight.
struct ScrolledBox {
    int number = 0;
    std::string description;
    int hidden = 0;
};

/// What the page's script found in one frame.
struct PageReading {
    std::vector<PageEntry> entries;
    int outside = 0;                 ///< elements that are not in sight, and were left out
    std::vector<ScrolledBox> boxes;  ///< that hide some of those by what they are scrolled to
    bool is_cut = false;
    int next_number = 1;
    std::string modal;  ///< the dialog outside of which nothing can be used
    std::string title;
    std::string url;
};

/// Takes the script's answer. The page cannot change the script, but all the text in it is the page's: it
/// becomes one line each. Refuses what the script would not answer.
core::Expected<PageReading> parse_reading(const json::Value& value);

/// The line of an entry, without indentation.
std::string render_entry(const PageEntry& entry);

struct TreeText {
    std::string text;
    std::size_t left_out = 0;  ///< entries that did not fit
};

/// As many lines as fit in `limit` characters.
TreeText render_tree(std::span<const PageEntry> entries, std::size_t limit);

/// "ref_12" or "12": the number. Refuses everything else.
core::Expected<int> parse_reference(std::string_view text);

/// One line of what a page wrote: control and bidi characters become spaces; at most `limit` characters.
std::string one_line(std::string_view text, std::size_t limit);

}  // namespace carrel::desk::page
