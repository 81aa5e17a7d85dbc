// Which frame of a tab the numbers of elements were given out in. Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>

namespace carrel::desk::page {

/// A frame's document, as the page's script names it: another document has another token.
struct PageDocument {
    std::string frame;
    std::string token;
    friend bool operator==(const PageDocument&, const PageDocument&) = default;
};

class PageReferences {
public:
    /// The number that the next new element gets, in whatever frame.
    int next() const { return next_; }
    /// From next() up to `end` numbers were given out in that document.
    void add(int end, const PageDocument& document);
    /// Nothing for a number that was never given out, or long ago.
    std::optional<PageDocument> find(int number) const;

private:
    struct Range {
        int first = 0;
        int end = 0;
        PageDocument document;
    };
    std::deque<Range> ranges_;
    int next_ = 1;
};

}  // namespace carrel::desk::page
