#include <doctest/doctest.h>

#include <map>

#include "desk/toolset/members.hpp"
#include "desk/toolset/state.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::toolset;

namespace {

json::Object object(std::string_view text) { return core::value_or_throw(json::parse(text)).as_object(); }

std::string problem_of(std::string_view member, std::string_view input) {
    const auto parsed = parse_tool_input(*find_tool_member(member), object(input));
    return parsed ? "" : parsed.error().message();
}

cdp::TabInfo tab(std::string id, bool is_active = false, std::string url = "https://x.test/",
                 std::string title = "T") {
    return {.id = std::move(id), .url = std::move(url), .title = std::move(title), .is_active = is_active};
}

std::string text_of(const ToolState::Content& content) { return json::to_text(content.blocks); }

/// A state that has seen the tab A already.
struct Fixture {
    Fixture() { state.begin({tab("A", true)}, 0); }

    ToolState::Content finish(std::string_view member, std::string_view input, ToolOutcome outcome,
                              std::vector<cdp::TabInfo> tabs = {tab("A", true)},
                              std::vector<page::DialogRecord> dialogs = {}) {
        return state.finish(find_tool_member(member), object(input), outcome, std::move(tabs), downloads,
                            std::move(dialogs));
    }

    ToolState state;
    page::DownloadList downloads;
};

constexpr auto state_of_a =
    R"({"type":"browser_state","tabs":[{"tab_id":"A","title":"T","url":"https://x.test/","active":true}]})";

void download(page::DownloadList& list, std::string_view event, std::string_view params) {
    list.take(event, core::value_or_throw(json::parse(params)));
}

}  // namespace

TEST_CASE("there are the 31 members, four of them off by default") {
    CHECK(tool_members().size() == 31);
    std::vector<std::string> off;
    for (const auto& member : tool_members())
        if (!is_tool_enabled(member, {})) off.emplace_back(member.name);
    CHECK(off == std::vector<std::string>{"file_upload", "read_console", "read_network", "javascript_exec"});
    CHECK(find_tool_member("toString") == nullptr);
    CHECK(find_tool_member("") == nullptr);
}

TEST_CASE("only a boolean switches a member") {
    const auto& exec = *find_tool_member("javascript_exec");
    const auto& click = *find_tool_member("left_click");
    struct Case {
        const char* configs;
        bool exec;
        bool click;
    };
    for (const auto& [configs, wants_exec, wants_click] :
         {Case{"{}", false, true},
          Case{R"({"javascript_exec":{"enabled":true},"left_click":{"enabled":false}})", true, false},
          Case{R"({"javascript_exec":{"enabled":"true"},"left_click":{"enabled":"yes"}})", false, false},
          Case{R"({"javascript_exec":null,"left_click":null})", false, true},
          Case{R"({"javascript_exec":true,"left_click":false})", false, false},
          Case{R"({"javascript_exec":{"defer_loading":true},"left_click":{"enabled":null}})", false, true}}) {
        CAPTURE(configs);
        CHECK(is_tool_enabled(exec, object(configs)) == wants_exec);
        CHECK(is_tool_enabled(click, object(configs)) == wants_click);
    }
}

TEST_CASE("an input that does not fit says which field, and what was expected") {
    struct Case {
        const char* member;
        const char* input;
        const char* problem;
    };
    for (const auto& [member, input, problem] :
         {Case{"navigate", "{}", "url: expected a string"},
          Case{"navigate", R"({"url":7})", "url: expected a string"},
          Case{"navigate", R"({"url":"x","tab_id":null})", ""},
          Case{"navigate", R"({"url":"x","tab_id":3})", "tab_id: expected a string"},
          Case{"left_click", "{}", "target: expected a coordinate or a ref target"},
          Case{"left_click", R"({"target":{"type":"coordinate","x":1}})", "target.y: expected a number"},
          Case{"left_click", R"({"target":{"type":"ref"}})", "target.ref: expected a string"},
          Case{"left_click", R"({"target":{"type":"selector"}})",
               R"(target.type: expected "coordinate" or "ref")"},
          Case{"left_click", R"({"target":{"type":"coordinate","x":0,"y":0},"modifiers":null})", ""},
          Case{"left_click", R"({"target":{"ref":"ref_1"}})", ""},
          Case{"zoom", R"({"region":[0,0,"a",1]})", "region: expected four numbers"},
          Case{"form_input", R"({"target":{"type":"ref","ref":"ref_1"}})",
               "value: expected a string, a number or a boolean"},
          Case{"form_input", R"({"target":{"type":"ref","ref":"ref_1"},"value":false})", ""},
          Case{"wait", R"({"duration":"2"})", "duration: expected a number"},
          Case{"file_upload", R"({"target":{"ref":"r"},"paths":[1]})", "paths: expected a list of strings"},
          Case{"list_tabs", R"({"anything":1})", ""},
          Case{"read_page", R"({"filter":null,"depth":null,"ref":null})", ""}}) {
        CAPTURE(member);
        CAPTURE(input);
        CHECK(problem_of(member, input) == problem);
    }
}

TEST_CASE("the words that a model reads are the vendor's") {
    const auto said = [](std::string_view member, std::string_view input) {
        return acknowledgement_of(*find_tool_member(member), object(input));
    };
    CHECK(said("left_click", "{}") == "Clicked.");
    CHECK(said("scroll", R"({"scroll_direction":"down"})") == "Scrolled down.");
    CHECK(said("scroll_to", R"({"target":{"type":"ref","ref":"ref_7"}})") == "Scrolled to ref_7.");
    CHECK(said("key", R"({"text":"{ref}\nctrl+a"})") == "Pressed {ref} ctrl+a.");
    CHECK(said("hold_key", R"({"text":"a","duration":0.5})") == "Held a for 0.5s.");
    CHECK(said("wait", R"({"duration":2})") == "Waited 2s.");
    CHECK(unknown_tool_text("it's  me") == "Error: unknown browser toolset member 'it s me'");
    CHECK(disabled_tool_text("zoom") ==
          "The 'zoom' action is not permitted by this application's permissions and cannot be used in this "
          "session.");
    CHECK(invalid_tool_text("zoom", "x") == "invalid input for browser member 'zoom': x");
}

TEST_CASE("what worked is followed by the state, what failed is not") {
    Fixture f;
    CHECK(text_of(f.finish("left_click", "{}", {})) ==
          R"([{"type":"text","text":"Clicked."},)" + std::string{state_of_a} + "]");
    CHECK(text_of(f.finish("read_page", "{}", {.text = "tree"})) ==
          R"([{"type":"text","text":"tree"},)" + std::string{state_of_a} + "]");
    CHECK(text_of(f.finish("find", "{}", {})) ==
          R"-([{"type":"text","text":"(empty)"},)-" + std::string{state_of_a} + "]");
    CHECK(text_of(f.finish("screenshot", "{}", {.png = "AA=="})) ==
          R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},)" +
              std::string{state_of_a} + "]");
    CHECK(text_of(f.finish("list_tabs", "{}", {})) == "[" + std::string{state_of_a} + "]");
    const auto failed = f.finish("left_click", "{}", {.error = "Error: no\nway"});
    CHECK(failed.is_error);
    CHECK(text_of(failed) == R"([{"type":"text","text":"Error: no way"}])");
}

TEST_CASE("exactly one tab is active, of at most a hundred") {
    CHECK(json::to_text(tab_entries({})) == "[]");
    const auto count_active = [](const json::Array& entries) {
        int count = 0;
        for (const auto& entry : entries) count += *json::find(entry, "active") == true ? 1 : 0;
        return count;
    };
    CHECK(count_active(tab_entries({tab("A"), tab("B")})) == 1);
    CHECK(count_active(tab_entries({tab("A", true), tab("B", true)})) == 1);
    std::vector<cdp::TabInfo> many;
    for (int i = 0; i < 150; ++i) many.push_back(tab("T" + std::to_string(i), i == 140));
    const auto entries = tab_entries(many);
    CHECK(entries.size() == 100);
    CHECK(count_active(entries) == 1);
    CHECK(json::text_or(entries[99], "tab_id") == "T140");
    const auto odd = tab_entries({tab("A", true, "https://x.test/" + std::string(5'000, 'a'), "a\n\u202eb")});
    CHECK(json::text_or(odd[0], "url").starts_with("…https://"));
    CHECK(json::text_or(odd[0], "title") == "a b");
}

TEST_CASE("a tab that a call opened is told once, with the first result that can hold it") {
    Fixture f;
    const std::vector<cdp::TabInfo> two{tab("A"), tab("B", true)};
    CHECK(f.finish("left_click", "{}", {.error = "Error: x"}, two).is_error);
    CHECK(text_of(f.finish("left_click", "{}", {}, two))
              .contains(R"("state_changes":[{"type":"tab_opened","tab_id":"B"}])"));
    CHECK_FALSE(text_of(f.finish("left_click", "{}", {}, two)).contains("state_changes"));
    // One that is closed before it could be told is no news.
    f.finish("left_click", "{}", {.error = "Error: x"}, {tab("A"), tab("B"), tab("C", true)});
    CHECK_FALSE(text_of(f.finish("left_click", "{}", {}, two)).contains("state_changes"));
}

TEST_CASE("new_tab tells its own tab, and others with the next") {
    Fixture f;
    const std::vector<cdp::TabInfo> tabs{tab("A"), tab("P"), tab("N", true)};
    const auto opened = text_of(f.finish("new_tab", "{}", {.opened_tab = "N"}, tabs));
    CHECK(opened.contains(R"("state_changes":[{"type":"tab_opened","tab_id":"N"}])"));
    CHECK(text_of(f.finish("list_tabs", "{}", {}, tabs))
              .contains(R"("state_changes":[{"type":"tab_opened","tab_id":"P"}])"));
    // One that the list of news lacks is added.
    CHECK(text_of(f.finish("new_tab", "{}", {.opened_tab = "N"}, tabs))
              .contains(R"([{"type":"tab_opened","tab_id":"N"}])"));
}

TEST_CASE("of a download only the latest state goes out") {
    Fixture f;
    download(f.downloads, "Browser.downloadWillBegin", R"({"guid":"g","url":"https://x.test/f"})");
    CHECK(text_of(f.finish("wait", "{}", {}))
              .contains(R"([{"type":"download_started","download_id":"g","url":"https://x.test/f"}])"));
    download(f.downloads, "Browser.downloadWillBegin", R"({"guid":"h","url":"https://x.test/h"})");
    download(f.downloads, "Browser.downloadProgress",
             R"({"guid":"g","state":"completed","receivedBytes":5,"filePath":"/d/f"})");
    f.finish("wait", "{}", {.error = "x"});
    download(f.downloads, "Browser.downloadProgress", R"({"guid":"h","state":"canceled"})");
    const auto text = text_of(f.finish("wait", "{}", {}));
    CHECK(text.contains(
        R"({"type":"download_completed","download_id":"g","url":"https://x.test/f","size_bytes":5,"path":"/d/f"})"));
    CHECK(text.contains(R"("type":"download_failed","download_id":"h")"));
    CHECK_FALSE(text.contains("download_started"));
}

TEST_CASE("dismissed dialogs are told in text, with the next result that has one") {
    Fixture f;
    const auto asked = [](std::string type, std::string message) {
        return page::DialogRecord{
            .type = std::move(type), .message = std::move(message), .default_text = {}, .text = {}};
    };
    const auto clicked =
        text_of(f.finish("left_click", "{}", {}, {tab("A", true)}, {asked("confirm", "Delete \"all\"?")}));
    CHECK(clicked.starts_with(
        R"([{"type":"text","text":"Clicked."},{"type":"text","text":"A confirm dialog \"Delete \\\"all\\\"?\" was dismissed."},)"));
    CHECK(text_of(f.finish("list_tabs", "{}", {}, {tab("A", true)}, {asked("alert", "")})) ==
          "[" + std::string{state_of_a} + "]");
    CHECK(text_of(f.finish("wait", "{}", {.error = "Error: x"})).contains("An alert dialog was dismissed."));
    const auto many = dialog_lines({asked("alert", std::string(300, 'x')), asked("prompt", "b"),
                                    asked("", "c"), asked("alert", "d"), asked("alert", "e")});
    REQUIRE(many.size() == 4);
    CHECK(many[0] == "An alert dialog \"" + std::string(200, 'x') + "…\" was dismissed.");
    CHECK(many[2] == "A dialog \"c\" was dismissed.");
    CHECK(many[3] == "2 more dialogs were dismissed.");
}

TEST_CASE("a line is one line, cut by characters") {
    CHECK(tool_line("a\r\n\tb  c") == "a b  c");
    CHECK(tool_line("\u202ea\u2028b\u0085") == "a b");
    CHECK(tool_line("ääää", 2) == "ää");
    CHECK(tool_line(std::string(10'000, 'x')).size() == 4'096);
}
