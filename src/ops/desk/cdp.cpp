#include "ops/desk/cdp.hpp"

#include <array>

#include "ops/desk/page_members.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_browser_text = 500'000;
constexpr std::size_t longest_selector = 10'000;
constexpr double longest_browser_wait = 300'000;
constexpr double most_chars = 4'000'000;

constexpr Member message{"message", "string", "what was done, in a sentence"};
constexpr Member is_truncated{"is_truncated", "boolean", "whether there is more than max_chars"};
constexpr Member total_chars{"total_chars", "integer", "how many characters there are in all"};

constexpr std::array page_answer{page_url, page_title};
constexpr std::array navigate_answer{
    page_url, page_title, Member{"note", "string", "of a PDF: that it is one, and how to read it", false}};
constexpr std::array browser_text_answer{Member{"text", "string", "what is read on the page"}, is_truncated,
                                         total_chars};
constexpr std::array html_answer{Member{"html", "string", "the document as it stands now"}, is_truncated,
                                 total_chars, page_url};
constexpr std::array message_answer{message};
constexpr std::array fill_answer{message, Member{"value", "string", "what the field holds afterwards"}};
constexpr std::array result_answer{Member{
    "result", "any", "the value as JSON; undefined is null; NaN, Infinity and big integers are texts"}};
constexpr std::array scroll_answer{message,
                                   Member{"x", "number", "how far it is scrolled now, in CSS pixels"},
                                   Member{"y", "number", "how far it is scrolled now, in CSS pixels"}};

constexpr auto find_page = R"({"selector":"body"})";

constexpr std::array browser_table{
    Operation{
        .name = "browser/cdp/navigate",
        .method = "POST",
        .request = Body::json,
        .summary = "Opens an address in a tab and waits until the page has loaded; starts the browser if "
                   "none is open.",
        .request_schema = schema<navigate_shape>,
        .answer = navigate_answer,
        .example = R"({"url":"data:text/html,<title>Form</title><h1>Hello</h1><input id=name>"})",
    },
    Operation{
        .name = "browser/cdp/get_text",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "The text of the page, or of the first element that a CSS selector matches.",
        .request_schema = schema<get_text_shape>,
        .answer = browser_text_answer,
        .example = find_page,
    },
    Operation{
        .name = "browser/cdp/click_selector",
        .method = "POST",
        .request = Body::json,
        .summary = "Clicks the first element that a CSS selector matches, as a mouse does: waits until it "
                   "can be seen, scrolls to it, and makes sure that nothing covers it.",
        .request_schema = schema<on_element_shape>,
        .answer = message_answer,
        .example = find_page,
    },
    Operation{
        .name = "browser/cdp/fill_input",
        .method = "POST",
        .request = Body::json,
        .summary = "Replaces what a field holds: text fields and editable elements as by typing; dates, "
                   "colours, ranges, check boxes (true, false) and lists (value or label) by their value.",
        .request_schema = schema<fill_input_shape>,
        .answer = fill_answer,
        .example = R"({"selector":"#name","value":"Ada"})",
    },
    Operation{
        .name = "browser/cdp/evaluate",
        .method = "POST",
        .request = Body::json,
        .summary = "Runs JavaScript in the page and answers its value; a promise is awaited, a function is "
                   "called, and \"return\" and \"await\" may stand anywhere.",
        .request_schema = schema<evaluate_shape>,
        .answer = result_answer,
        .example = R"({"script":"1 + 1"})",
    },
    Operation{
        .name = "browser/cdp/scroll",
        .method = "POST",
        .request = Body::json,
        .summary = "Scrolls the page, or the element (or what it lies in) that a CSS selector matches.",
        .request_schema = schema<scroll_page_shape>,
        .answer = scroll_answer,
        .example = R"({"direction":"down","amount":200})",
    },
    Operation{
        .name = "browser/cdp/hover",
        .method = "POST",
        .request = Body::json,
        .summary = "Moves the page's pointer over the first element that a CSS selector matches.",
        .request_schema = schema<on_element_shape>,
        .answer = message_answer,
        .example = find_page,
    },
    Operation{
        .name = "browser/cdp/wait_for_selector",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "Waits until an element is there, can be seen, is hidden or is gone.",
        .request_schema = schema<wait_for_selector_shape>,
        .answer = message_answer,
        .example = find_page,
    },
    Operation{
        .name = "browser/cdp/url",
        .method = "GET",
        .permission = view,
        .summary = "The address and title of the page.",
        .request_schema = schema<in_tab_shape>,
        .answer = page_answer,
    },
    Operation{
        .name = "browser/cdp/html",
        .method = "GET",
        .permission = view,
        .summary = "The page's document as HTML.",
        .request_schema = schema<get_html_shape>,
        .answer = html_answer,
        .example = "max_chars=100000",
    },
};

template <class Request>
json::Field<Request> tab_field() {
    return field("tab", static_cast<std::optional<std::string> Request::*>(&Request::tab),
                 "a tab_id of browser/tabs; absent: the tab in front", length_between(1, 100));
}

template <class Request>
json::Field<Request> timeout_field() {
    return field("timeout_ms", static_cast<int Request::*>(&Request::timeout_ms), "most that is waited",
                 between(1, longest_browser_wait))
        .with_default();
}

template <class Request>
json::Field<Request> selector_field() {
    return field("selector", static_cast<std::string Request::*>(&Request::selector),
                 "a CSS selector; open shadow trees are searched too", length_between(1, longest_selector));
}

}  // namespace

std::span<const Operation> cdp_rows() { return browser_table; }

const Shape<InTab>& in_tab_shape() {
    static const Shape<InTab> shape{tab_field<InTab>()};
    return shape;
}

const Shape<Navigate>& navigate_shape() {
    static const Shape<Navigate> shape{
        field("url", &Navigate::url,
              "an address with http, https, file, about or data; without one, http for this machine and bare "
              "names, else https and then http",
              length_between(1, longest_page_url)),
        field("wait_until", &Navigate::wait_until,
              "commit: the address answers; domcontentloaded; load; networkidle: and then half a second "
              "without "
              "a request",
              one_of({"load", "domcontentloaded", "networkidle", "commit"}))
            .with_default(),
        timeout_field<Navigate>(), tab_field<Navigate>()};
    return shape;
}

const Shape<GetText>& get_text_shape() {
    static const Shape<GetText> shape{
        field("selector", &GetText::selector, "a CSS selector; absent: the whole page",
              length_between(1, longest_selector)),
        timeout_field<GetText>(),
        field("max_chars", &GetText::max_chars, "most that is answered", between(1, most_chars))
            .with_default(),
        tab_field<GetText>()};
    return shape;
}

const Shape<GetHtml>& get_html_shape() {
    static const Shape<GetHtml> shape{
        field("max_chars", &GetHtml::max_chars, "most that is answered", between(1, most_chars))
            .with_default(),
        tab_field<GetHtml>()};
    return shape;
}

const Shape<OnElement>& on_element_shape() {
    static const Shape<OnElement> shape{selector_field<OnElement>(), timeout_field<OnElement>(),
                                        tab_field<OnElement>()};
    return shape;
}

const Shape<FillInput>& fill_input_shape() {
    static const Shape<FillInput> shape{selector_field<FillInput>(),
                                        field("value", &FillInput::value, "what the field shall hold",
                                              length_between(0, longest_browser_text)),
                                        timeout_field<FillInput>(), tab_field<FillInput>()};
    return shape;
}

const Shape<WaitForSelector>& wait_for_selector_shape() {
    static const Shape<WaitForSelector> shape{selector_field<WaitForSelector>(),
                                              field("state", &WaitForSelector::state, "what is waited for",
                                                    one_of({"attached", "visible", "hidden", "detached"}))
                                                  .with_default(),
                                              timeout_field<WaitForSelector>(), tab_field<WaitForSelector>()};
    return shape;
}

const Shape<Evaluate>& evaluate_shape() {
    static const Shape<Evaluate> shape{
        field("script", &Evaluate::script, "an expression, statements, or a function",
              length_between(1, longest_browser_text)),
        field("frame", &Evaluate::frame,
              "runs it in the frame whose name or id this is, or whose address holds it",
              length_between(1, 2000)),
        timeout_field<Evaluate>(), tab_field<Evaluate>()};
    return shape;
}

const Shape<ScrollPage>& scroll_page_shape() {
    static const Shape<ScrollPage> shape{
        field("selector", &ScrollPage::selector, "a CSS selector; absent: the page",
              length_between(1, longest_selector)),
        field("direction", &ScrollPage::direction, "where to", one_of({"up", "down", "left", "right"}))
            .with_default(),
        field("amount", &ScrollPage::amount, "CSS pixels", between(1, 1'000'000)).with_default(),
        tab_field<ScrollPage>()};
    return shape;
}

}  // namespace carrel::ops
