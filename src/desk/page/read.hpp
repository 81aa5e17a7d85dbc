// Reads a page through all of its frames: as a tree of elements, as text, by words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "desk/page/find.hpp"
#include "desk/page/page.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

struct ReadWish {
    std::string filter;  ///< "": what is in sight; "interactive": of that what can be used; "all": everything
    int depth = 15;
    std::optional<int> reference;  ///< only what is below that element, in sight or not
    std::size_t characters = 50'000;
    bool with_options = false;  ///< those of lists as entries of their own
};

struct PageView {
    std::vector<PageEntry> entries;
    std::string title;
    std::string url;
    std::string modal;  ///< the dialog outside of which nothing was read, as it is described; or empty
    int outside = 0;
    std::vector<ScrolledBox> boxes;
    int unread_frames = 0;  ///< that did not answer in time, or came and went; their entries say so
    bool is_cut = false;    ///< the page is larger than what was read of it
    bool is_pdf = false;    ///< which no script can read
};

/// Throws as Page::run, and Error{not_found, "stale_reference"}.
Task<PageView> read_page(Page& page, ReadWish wish);

/// The tree, and after it what is missing from it; at most about `characters` long.
struct ReadText {
    std::string text;
    bool is_truncated = false;
};
ReadText render_view(const PageView& view, const ReadWish& wish);

struct ArticleText {
    std::string text;
    std::string source;  ///< "article", "main" or "body"
    std::string title;
    std::string url;
    bool is_truncated = false;
};
/// The text that a reader sees: the article's where there is one; with the text of frames after it.
Task<ArticleText> read_text(Page& page, std::size_t characters);

struct FoundElement {
    PageEntry entry;
    std::string place;
};
struct Found {
    std::vector<FoundElement> elements;
    bool is_cut = false;
};
Task<Found> find_in_page(Page& page, std::string query, std::size_t limit);

/// `textbox "Search" [ref_5] value="x"`, and where it stands when there are several such.
std::string to_line(const FoundElement& found);

}  // namespace carrel::desk::page
