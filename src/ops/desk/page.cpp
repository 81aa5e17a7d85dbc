#include "ops/desk/page.hpp"

#include <algorithm>
#include <array>

#include "ops/desk/page_members.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_value = 100'000;
constexpr std::size_t most_options = 1'000;
constexpr auto reference = "the element, as page/read and page/find name it: ref_12";

constexpr Member dialog{"dialog", "object", "{type, message} of the dialog that the page shows now", false};
constexpr Member page_truncated{"truncated", "boolean", "whether the page is larger than what was read"};

constexpr std::array toolset_answer{
    Member{"content", "array", "blocks for a tool_result: text, image, and after what worked browser_state"},
    Member{"is_error", "boolean", "for the tool_result: whether the member failed"}};
constexpr std::array read_answer{
    Member{"text", "string",
           "one line an element: role, name, [reference], value, states; indented by depth"},
    tab_id,
    page_url,
    page_title,
    page_truncated,
    Member{"elements", "integer", "how many were read"},
    Member{"outside_viewport", "integer", "how many were left out because they are not in sight"}};
constexpr std::array page_text_answer{
    Member{"text", "string", "the page's text, in lines and paragraphs"},
    tab_id,
    page_url,
    page_title,
    Member{"source", "string", "article, main or body: what of the page it is"},
    page_truncated};
constexpr std::array find_answer{
    Member{"matches", "array", "{ref, role, name, text (its line in a tree)}, the best first"}, tab_id,
    page_truncated};
/// What every action answers, and more.
template <class... More>
constexpr auto acted(More... more) {
    std::array<Member, observed_answer.size() + 2 + sizeof...(more)> all{};
    std::ranges::copy(observed_answer, all.begin());
    const std::array<Member, 2 + sizeof...(more)> rest{tab_id, dialog, more...};
    std::ranges::copy(rest, all.begin() + observed_answer.size());
    return all;
}

constexpr auto point_answer = acted(Member{"x", "number", "where, in CSS pixels of the viewport"},
                                    Member{"y", "number", "the same, downwards"});
constexpr auto acted_answer = acted();
constexpr auto scrolled_answer = acted(
    Member{"scrolled", "object",
           "{box (what scrolled: the page, the frame, or an element with its reference), by (CSS pixels), "
           "ahead (how much further it can be scrolled that way), back (and the other way)}; absent when the "
           "page used the wheel itself or did not say",
           false},
    Member{"x", "number", "where, in CSS pixels of the viewport"},
    Member{"y", "number", "the same, downwards"});
constexpr auto form_answer =
    acted(Member{"value", "any", "what the field holds now; of a password \"(hidden)\""},
          Member{"changed_by_page", "boolean", "whether the page made something else of the value"});
constexpr auto dialog_answer = acted(Member{
    "dialogs", "array", "{type, message, open, accepted, text}: the last ones of this tab, oldest first"});
constexpr std::array downloads_answer{Member{"downloads", "array",
                                             "{id, url, name, state (running, completed, failed), path (once "
                                             "it is complete), received, total (0: not known)}, "
                                             "oldest first, whoever began them"}};
constexpr std::array console_answer{
    tab_id,
    Member{"entries", "array",
           "{number, time (milliseconds since 1970), level, text, url, line}, oldest first"},
    Member{"left_out", "integer", "how many older ones fitted the question and not the limit"}};
constexpr std::array network_answer{
    tab_id,
    Member{"entries", "array",
           "{number, time (milliseconds since 1970), method, url, type, status (0: no answer), media_type, "
           "bytes, "
           "milliseconds, failure, ended, from_cache}, oldest first"},
    Member{"left_out", "integer", "how many older ones fitted the question and not the limit"}};

constexpr std::array page_table{
    Operation{
        .name = "browser/toolset",
        .method = "POST",
        .request = Body::json,
        .summary = "Runs one member of browser_toolset_20260801 and answers the content of its tool_result, "
                   "with the browser's state. Starts the browser if none is open.",
        .request_schema = schema<call_tool_shape>,
        .answer = toolset_answer,
        .example =
            R"({"name":"navigate","input":{"url":"data:text/html,<title>Form</title><body style=height:2000px><input aria-label=Name><input type=file>"}})",
    },
    Operation{
        .name = "browser/page/read",
        .method = "POST",
        .request = Body::json,
        .summary = "The page as a tree of text, through shadow roots and frames. An element keeps its "
                   "reference as long as it is in the document.",
        .request_schema = schema<read_page_shape>,
        .answer = read_answer,
        .example = R"({"filter":"all"})",
    },
    Operation{
        .name = "browser/page/text",
        .method = "POST",
        .request = Body::json,
        .summary = "The text that a reader of the page sees: its article, where it has one.",
        .request_schema = schema<read_page_text_shape>,
        .answer = page_text_answer,
        .example = R"({"max_chars":1000})",
    },
    Operation{
        .name = "browser/page/find",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Finds elements by what a person would call them: words of names, texts, values and roles.",
        .request_schema = schema<find_in_page_shape>,
        .answer = find_answer,
        .example = R"({"query":"name field"})",
    },
    Operation{
        .name = "browser/page/click",
        .method = "POST",
        .request = Body::json,
        .summary = "Clicks an element, scrolled into view, or a point of the viewport. Refuses what "
                   "something else covers.",
        .request_schema = schema<click_page_shape>,
        .answer = point_answer,
        .example = R"({"ref":"ref_1"})",
    },
    Operation{
        .name = "browser/page/hover",
        .method = "POST",
        .request = Body::json,
        .summary = "Moves the page's pointer over an element or a point.",
        .request_schema = schema<hover_page_shape>,
        .answer = point_answer,
        .example = R"({"coordinate":{"x":5,"y":5}})",
    },
    Operation{
        .name = "browser/page/scroll",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Turns the wheel over an element, scrolled into view, or over a point of the viewport: what "
            "scrolls is the innermost box or frame there that can. Says what did and how far it can "
            "be scrolled still; success is false when nothing did.",
        .request_schema = schema<scroll_at_point_shape>,
        .answer = scrolled_answer,
        .example = R"({"coordinate":{"x":5,"y":5},"direction":"down"})",
    },
    Operation{
        .name = "browser/page/scroll_to",
        .method = "POST",
        .request = Body::json,
        .summary = "Scrolls until the element is in view.",
        .request_schema = schema<on_reference_shape>,
        .answer = acted_answer,
        .example = R"({"ref":"ref_1"})",
    },
    Operation{
        .name = "browser/page/form_input",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Sets a field as a person would: text, an option by its text or value (several by an array), "
            "true or false for boxes, dates, numbers, colours, editable text.",
        .request_schema = schema<form_input_shape>,
        .answer = form_answer,
        .example = R"({"ref":"ref_1","value":"Ada"})",
    },
    Operation{
        .name = "browser/page/upload",
        .method = "POST",
        .request = Body::json,
        .summary = "Gives files of the desk to a file input.",
        .request_schema = schema<upload_to_page_shape>,
        .answer = acted_answer,
        .example = R"({"ref":"ref_2","paths":["/etc/hostname"]})",
    },
    Operation{
        .name = "browser/page/dialog",
        .method = "POST",
        .request = Body::json,
        .summary =
            "The dialog (alert, confirm, prompt, whether to leave, print, or a server's login) that the "
            "page shows: looks, accepts or dismisses.",
        .request_schema = schema<answer_dialog_shape>,
        .answer = dialog_answer,
        .example = R"({"action":"look"})",
    },
    Operation{
        .name = "browser/page/downloads",
        .method = "GET",
        .permission = view,
        .summary = "What the browser downloads and has downloaded, to ~/Downloads.",
        .answer = downloads_answer,
    },
    Operation{
        .name = "browser/page/console",
        .method = "GET",
        .summary = "What the page wrote to its console, its exceptions among it, since the tab was first "
                   "read or acted on here: the last 1,000.",
        .request_schema = schema<read_log_shape>,
        .answer = console_answer,
        .example = "errors_only=true",
    },
    Operation{
        .name = "browser/page/network",
        .method = "GET",
        .summary = "What the page asked of the network since the tab was first read or acted on here: the "
                   "last 500, without headers and bodies.",
        .request_schema = schema<read_log_shape>,
        .answer = network_answer,
        .example = "limit=10",
    },
};

template <class T>
std::vector<json::Field<T>> of_tab() {
    return {field("tab", static_cast<std::optional<std::string> T::*>(&T::tab),
                  "id of the tab; absent: the one in front", length_between(1, 100))};
}

template <class T>
std::vector<json::Field<T>> at_point() {
    return {
        field("ref", static_cast<std::optional<std::string> T::*>(&T::ref), reference, length_between(1, 40)),
        field("coordinate", static_cast<std::optional<Point> T::*>(&T::coordinate),
              "or a point of the viewport, in CSS pixels", point_shape())};
}

template <class T>
std::vector<json::Field<T>> on_element() {
    return with({field("ref", static_cast<std::string T::*>(&T::ref), reference, length_between(1, 40))},
                with(of_tab<T>(), observing<T>()));
}

/// What is wrong with a value of a field, if anything.
std::optional<std::string> problem_of_scalar(const json::Value& value) {
    if (value.is_string() && value.get_string().size() > longest_value)
        return "a value has at most 100000 bytes";
    if (value.is_string() || value.is_bool() || value.is_number()) return std::nullopt;
    return "a value is a text, a number, a boolean, or for a list that takes several an array of texts";
}

/// A field's value is a text, a number or a boolean; of a list of options several texts.
json::Rule field_value() {
    json::Rule rule{.check = [](const json::Value& value) -> std::optional<std::string> {
                        const auto* several = value.if_array();
                        if (!several) return problem_of_scalar(value);
                        if (several->size() > most_options) return "at most 1000 options are set at once";
                        for (const auto& one : *several)
                            if (!one.is_string() || one.get_string().size() > longest_value)
                                return "in an array each value is a text of at most 100000 bytes";
                        return std::nullopt;
                    },
                    .schema = {}};
    rule.schema["type"] = json::Array{"string", "number", "boolean", "array"};
    rule.schema["maxItems"] = most_options;
    return rule;
}

}  // namespace

std::span<const Operation> page_rows() { return page_table; }

const Shape<CallTool>& call_tool_shape() {
    static const Shape<CallTool> shape{
        field("name", &CallTool::name, "the member, as tool_use names it"),
        field("input", &CallTool::input, "its input, as tool_use gives it").with_default(),
        field("configs", &CallTool::configs,
              "as in the tools entry: {\"javascript_exec\": {\"enabled\": true}}; file_upload, read_console, "
              "read_network and javascript_exec are off unless it says so")
            .with_default()};
    return shape;
}

const Shape<ReadPage>& read_page_shape() {
    static const Shape<ReadPage> shape{
        with({field("filter", &ReadPage::filter,
                    "visible: what is in sight; interactive: of that what can be used; all: everything",
                    one_of({"visible", "interactive", "all"}))
                  .with_default(),
              field("depth", &ReadPage::depth, "how deep the tree may be", between(1, 100)).with_default(),
              field("ref", &ReadPage::ref, "only what is inside that element", length_between(1, 40)),
              field("max_chars", &ReadPage::max_chars, "most characters of the text", between(200, 1'000'000))
                  .with_default()},
             of_tab<ReadPage>())};
    return shape;
}

const Shape<ReadPageText>& read_page_text_shape() {
    static const Shape<ReadPageText> shape{with(
        {field("max_chars", &ReadPageText::max_chars, "most characters of the text", between(1, 1'000'000))
             .with_default()},
        of_tab<ReadPageText>())};
    return shape;
}

const Shape<FindInPage>& find_in_page_shape() {
    static const Shape<FindInPage> shape{
        with({field("query", &FindInPage::query, "words: \"search field\", \"add to cart\"",
                    length_between(1, 500)),
              field("limit", &FindInPage::limit, "most matches", between(1, 100)).with_default()},
             of_tab<FindInPage>())};
    return shape;
}

const Shape<HoverPage>& hover_page_shape() {
    static const Shape<HoverPage> shape{
        with(at_point<HoverPage>(), with(of_tab<HoverPage>(), observing<HoverPage>()))};
    return shape;
}

const Shape<ClickPage>& click_page_shape() {
    static const Shape<ClickPage> shape{
        with(with(at_point<ClickPage>(),
                  {field("button", &ClickPage::button, "which button", one_of({"left", "middle", "right"}))
                       .with_default(),
                   field("count", &ClickPage::count, "2 is a double click", between(1, 3)).with_default(),
                   field("modifiers", &ClickPage::modifiers, "keys held meanwhile, such as \"ctrl+shift\"",
                         length_between(0, 100))
                       .with_default()}),
             with(of_tab<ClickPage>(), observing<ClickPage>()))};
    return shape;
}

const Shape<ScrollAtPoint>& scroll_at_point_shape() {
    static const Shape<ScrollAtPoint> shape{
        with(with(at_point<ScrollAtPoint>(),
                  {field("direction", &ScrollAtPoint::direction, "which way",
                         one_of({"up", "down", "left", "right"}))
                       .with_default(),
                   field("amount", &ScrollAtPoint::amount, "how many CSS pixels; a wheel's notch is 100",
                         between(1, 10'000))
                       .with_default()}),
             with(of_tab<ScrollAtPoint>(), observing<ScrollAtPoint>()))};
    return shape;
}

const Shape<OnReference>& on_reference_shape() {
    static const Shape<OnReference> shape{on_element<OnReference>()};
    return shape;
}

const Shape<FormInput>& form_input_shape() {
    static const Shape<FormInput> shape{
        with({field("value", &FormInput::value,
                    "a text, a number, true or false; an array of texts sets exactly these options of a list",
                    field_value())},
             on_element<FormInput>())};
    return shape;
}

const Shape<UploadToPage>& upload_to_page_shape() {
    static const Shape<UploadToPage> shape{
        with({field("paths", &UploadToPage::paths, "of files of the desk", length_between(1, 100))},
             on_element<UploadToPage>())};
    return shape;
}

const Shape<AnswerDialog>& answer_dialog_shape() {
    static const Shape<AnswerDialog> shape{with(
        {field("action", &AnswerDialog::action, "what to do with it", one_of({"look", "accept", "dismiss"}))
             .with_default(),
         field("text", &AnswerDialog::text, "what a prompt is given", length_between(0, 10'000))
             .with_default(),
         field("user", &AnswerDialog::user, "whose login is accepted", length_between(0, 1'000))
             .with_default(),
         field("password", &AnswerDialog::password, "and its password", length_between(0, 1'000))
             .with_default()},
        with(of_tab<AnswerDialog>(), observing<AnswerDialog>()))};
    return shape;
}

const Shape<ReadLog>& read_log_shape() {
    static const Shape<ReadLog> shape{with(
        {field("pattern", &ReadLog::pattern, "only entries with this text in them, in any case",
               length_between(0, 500))
             .with_default(),
         field("errors_only", &ReadLog::errors_only, "only errors").with_default(),
         field("limit", &ReadLog::limit, "most entries: the last ones", between(1, 1'000)).with_default(),
         field("clear", &ReadLog::clear, "forgets them afterwards").with_default()},
        of_tab<ReadLog>())};
    return shape;
}

}  // namespace carrel::ops
