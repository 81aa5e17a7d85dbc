#include "app/printer.hpp"

#include <unistd.h>

#include <utility>

#include "core/plain_text.hpp"
#include "core/sys.hpp"

namespace carrel::app {

Printer::Printer(int descriptor) : Printer{descriptor, ::isatty(descriptor) == 1} {}

void Printer::print(std::string_view piece) {
    if (!is_terminal_) return core::write_all(descriptor_, piece);
    auto text = std::exchange(cut_, {}).append(piece);
    cut_ = text.substr(text.size() - core::cut_character(text));
    text.resize(text.size() - cut_.size());
    core::write_all(descriptor_, core::visible_text(text, true));
}

void Printer::finish() {
    if (cut_.empty()) return;
    core::write_all(descriptor_, core::visible_text(std::exchange(cut_, {}), true));
}

void print(int descriptor, std::string_view text) {
    Printer printer{descriptor};
    printer.print(text);
    printer.finish();
}

}  // namespace carrel::app
