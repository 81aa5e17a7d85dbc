#include "ops/desk_browser.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_url = 32'000;

constexpr std::array window_answer{
    Member{"window_id", "any",
           "as window/list tells it, of the window that has the keyboard; null when none has"},
    Member{"window_title", "string", "its title; empty when there is none"}};

constexpr std::array rows{
    Operation{"browser/open_url", "POST", "/browser/open_url", control, Body::json, Body::json,
              "Opens an address (http, https, file, about) in the desk's browser.", schema<open_url_shape>,
              observed_answer, R"({"url":"about:blank"})"},
    Operation{"browser/active_window", "GET", "/browser/active_window", view, Body::none, Body::json,
              "The window that has the keyboard.", nullptr, window_answer},
};

/// After all others: their examples need the browser.
constexpr std::array last_rows{
    Operation{"browser/close", "POST", "/browser/close", control, Body::json, Body::json,
              "Closes the browser.", schema<just_observe_shape>, observed_answer, "{}"},
};

}  // namespace

std::span<const Operation> browser_rows() { return rows; }
std::span<const Operation> browser_last_rows() { return last_rows; }

const Shape<OpenUrl>& open_url_shape() {
    static const Shape<OpenUrl> shape{
        with({field("url", &OpenUrl::url, "an address with http, https, file or about",
                    length_between(1, longest_url)),
              field("new_window", &OpenUrl::new_window, "in a window of its own").with_default()},
             observing<OpenUrl>())};
    return shape;
}

const Shape<JustObserve>& just_observe_shape() {
    static const Shape<JustObserve> shape{observing<JustObserve>()};
    return shape;
}

}  // namespace carrel::ops
