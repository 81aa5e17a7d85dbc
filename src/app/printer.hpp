// What commands print of others' words: of a server, which has them from desks, models and clients.
#pragma once

#include <string>
#include <string_view>

namespace carrel::app {

/// Prints as it is where a program reads, and made visible (core::visible_text) where a terminal does: a desk
/// shall not move the cursor of whoever looks at it.
class Printer {
public:
    /// `descriptor` is of standard output or of standard error.
    explicit Printer(int descriptor);
    Printer(int descriptor, bool is_terminal) : descriptor_{descriptor}, is_terminal_{is_terminal} {}

    /// A piece of something longer: a character may be cut at its end.
    void print(std::string_view piece);
    /// The end of it.
    void finish();

private:
    int descriptor_;
    bool is_terminal_;
    std::string cut_;  ///< the beginning of a character whose end has not come
};

/// The whole of a text.
void print(int descriptor, std::string_view text);

}  // namespace carrel::app
