#include "desk/clipboard/clipboard.hpp"

namespace carrel::desk::clipboard {

Task<Found> Clipboard::look(Selection selection, Wanted wanted) {
    if (auto own = giver_.find_own(selection, wanted)) co_return std::move(*own);
    co_return co_await taker_.take(selection, wanted);
}

Task<> Clipboard::put(Selection selection, Copied content) {
    co_await giver_.put(selection, std::move(content));
}

Task<> Clipboard::take_over() {
    auto found = co_await look(Selection::clipboard, {.text = true, .image = true});
    if (!found.content.image && !found.content.text) found.content.text.emplace();
    co_await put(Selection::clipboard, std::move(found.content));
}

}  // namespace carrel::desk::clipboard
