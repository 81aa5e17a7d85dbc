#include "ops/desk/browser.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_url = 32'000;

constexpr std::array window_answer{
    Member{"window_id", "any",
           "as window/list tells it, of the window that has the keyboard; null when none has"},
    Member{"window_title", "string", "its title; empty when there is none"}};

constexpr std::array start_table{
    Operation{
        .name = "browser/open_url",
        .method = "POST",
        .request = Body::json,
        .summary = "Opens an address (http, https, file, about) in the desk's browser.",
        .request_schema = schema<open_url_shape>,
        .answer = observed_answer,
        .example = R"({"url":"about:blank"})",
    },
    Operation{
        .name = "browser/active_window",
        .method = "GET",
        .permission = view,
        .summary = "The window that has the keyboard.",
        .answer = window_answer,
    },
    Operation{
        .name = "browser/close",
        .method = "POST",
        .request = Body::json,
        .summary = "Closes the browser.",
        .request_schema = schema<just_observe_shape>,
        .answer = observed_answer,
        .example = "{}",
    },
};

}  // namespace

std::span<const Operation> browser_rows() { return start_table; }

const Shape<OpenUrl>& open_url_shape() {
    static const Shape<OpenUrl> shape{
        with({field("url", &OpenUrl::url, "an address with http, https, file or about, or a host without one",
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
