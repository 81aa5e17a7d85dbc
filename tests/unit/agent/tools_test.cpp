#include "agent/tools.hpp"

#include <doctest/doctest.h>

#include "agent/history.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using fakes::run_loop;

namespace {

constexpr ScreenMap unscaled{{1280, 800}, {1280, 800}};
constexpr ScreenMap halved{{2560, 1600}, {1280, 800}};

ToolUse use_of(std::string name, std::string_view input, std::string toolset = "computer") {
    return {"toolu_1", std::move(name), std::move(toolset), json::parse(input)->as_object()};
}

ToolResult result_of(fakes::FakeDeskCalls& desk, ToolUse use, ScreenMap map = unscaled) {
    ToolResult result;
    run_loop([&](async::Executor) -> Task<> {
        desk.size = map.screen;
        const Bench bench{desk, map.picture};
        result = co_await run_tool(bench, use);
    });
    return result;
}

struct Case {
    std::string_view name;
    std::string_view input;
    std::string_view call;  ///< what the desk is asked
    std::string_view text;  ///< what the model is told
};

}  // namespace

TEST_CASE("each member of the computer toolset acts on the desk and answers with the vendor's text") {
    for (
        const auto& [name, input, call, text] : {
            Case{"left_click", R"({"coordinate":[0,0]})",
                 R"(mouse/click {"button":"left_click","coordinate":{"x":0,"y":0},"screenshot":false})",
                 "Clicked."},
            {"left_click", R"({})", R"(mouse/click {"button":"left_click","screenshot":false})", "Clicked."},
            {"left_click", R"({"coordinate":null,"text":null})",
             R"(mouse/click {"button":"left_click","screenshot":false})", "Clicked."},
            {"right_click", R"({"coordinate":[3.0,4],"text":"ctrl+shift"})",
             R"(mouse/click {"button":"right_click","coordinate":{"x":3,"y":4},"key":"ctrl+shift","screenshot":false})",
             "Right-clicked."},
            {"middle_click", R"({"key":"alt"})",
             R"(mouse/click {"button":"middle_click","key":"alt","screenshot":false})", "Middle-clicked."},
            {"double_click", R"({"text":"ctrl","key":"alt"})",
             R"(mouse/click {"button":"double_click","key":"ctrl","screenshot":false})", "Double-clicked."},
            {"triple_click", R"({"text":""})", R"(mouse/click {"button":"triple_click","screenshot":false})",
             "Triple-clicked."},
            {"mouse_move", R"({"coordinate":[1279,799]})",
             R"(mouse/move {"coordinate":{"x":1279,"y":799},"screenshot":false})", "Moved the mouse."},
            {"left_click_drag", R"({"start_coordinate":[1,2],"coordinate":[3,4],"text":"shift"})",
             R"(mouse/drag {"start_coordinate":{"x":1,"y":2},"end_coordinate":{"x":3,"y":4},"key":"shift","screenshot":false})",
             "Dragged."},
            {"left_mouse_down", R"({})", R"(mouse/down {"button":"left","screenshot":false})",
             "Left mouse button pressed."},
            {"left_mouse_up", R"({})", R"(mouse/up {"button":"left","screenshot":false})",
             "Left mouse button released."},
            {"scroll", R"({"scroll_direction":"down","scroll_amount":5,"coordinate":[9,9],"text":"ctrl"})",
             R"(mouse/scroll {"direction":"down","amount":5,"coordinate":{"x":9,"y":9},"modifier_key":"ctrl","screenshot":false})",
             "Scrolled down."},
            {"key", R"({"text":"ctrl+s"})", R"(keyboard/key {"key":"ctrl+s","repeat":1,"screenshot":false})",
             "Pressed ctrl+s."},
            {"key", R"({"text":"Down","repeat":3.0})",
             R"(keyboard/key {"key":"Down","repeat":3,"screenshot":false})", "Pressed Down."},
            {"type", R"({"text":"é\n"})", "keyboard/type {\"text\":\"é\\n\",\"screenshot\":false}", "Typed."},
            {"hold_key", R"({"text":"space","duration":1.5})",
             R"(keyboard/hold_key {"key":"space","duration":1.5E0,"screenshot":false})",
             "Held space for 1.5s."},
        }) {
        CAPTURE(name);
        fakes::FakeDeskCalls desk;
        const auto result = result_of(desk, use_of(std::string{name}, input));
        CHECK(result.text == text);
        CHECK_FALSE(result.is_error);
        CHECK_FALSE(result.picture);
        REQUIRE(desk.calls.size() == 1);
        CHECK(desk.calls[0] == call);
    }
}

TEST_CASE("waiting and an empty turn of the wheel need no desk") {
    fakes::FakeDeskCalls desk;
    CHECK(result_of(desk, use_of("wait", R"({"duration":0.002})")).text == "Waited 0.002s.");
    CHECK(result_of(desk, use_of("wait", R"({"duration":0})")).text == "Waited 0s.");
    CHECK(result_of(desk, use_of("scroll", R"({"scroll_direction":"up","scroll_amount":0})")).text ==
          "Scrolled up.");
    CHECK(desk.calls.empty());
}

TEST_CASE("pictures are asked for in the size of the session, regions in the screen's own pixels") {
    fakes::FakeDeskCalls desk;
    CHECK(result_of(desk, use_of("screenshot", "{}")).picture);
    CHECK(result_of(desk, use_of("screenshot", "{}"), halved).picture);
    CHECK(result_of(desk, use_of("zoom", R"({"region":[100,100,200,150]})"), halved).picture);
    CHECK(result_of(desk, use_of("zoom", R"({"region":[0,0,1280,800]})"), halved).picture);
    CHECK(desk.calls ==
          std::vector<std::string>{
              R"(screen/screenshot {"format":"png"})",
              R"(screen/screenshot {"format":"png","width":1280,"height":800})",
              R"(screen/zoom {"x0":200,"y0":200,"x1":400,"y1":300,"format":"png","width":1280,"height":640})",
              R"(screen/zoom {"x0":0,"y0":0,"x1":2560,"y1":1600,"format":"png","width":1280,"height":800})"});
}

TEST_CASE("a screen that is resized during a turn is shown in the size that the model knows") {
    fakes::FakeDeskCalls desk;
    // Before anybody has told of it: the picture comes in another size, and is asked for again.
    desk.shown.size = {3840, 2160};
    const auto result = result_of(desk, use_of("screenshot", "{}"));
    REQUIRE(result.picture);
    CHECK(result.picture->size == Size{1280, 800});
    // From then on places are those of the new screen.
    result_of(desk, use_of("left_click", R"({"coordinate":[640,400]})"), {{3840, 2160}, {1280, 800}});
    CHECK(desk.calls ==
          std::vector<std::string>{
              R"(screen/screenshot {"format":"png"})",
              R"(screen/screenshot {"format":"png","width":1280,"height":800})",
              R"(mouse/click {"button":"left_click","coordinate":{"x":1920,"y":1080},"screenshot":false})"});
}

TEST_CASE("a model is told when the page was still loading") {
    fakes::FakeDeskCalls desk;
    for (const auto* operation :
         {"mouse/click", "mouse/move", "mouse/drag", "mouse/scroll", "keyboard/key", "keyboard/type"})
        desk.answer(operation, R"({"success":true,"observed":"loading"})");
    const auto said = [&](std::string name, std::string_view input) {
        return result_of(desk, use_of(std::move(name), input)).text;
    };
    CHECK(said("left_click", R"({"coordinate":[1,2]})") == "Clicked. The page is still loading.");
    CHECK(said("key", R"({"text":"Return"})") == "Pressed Return. The page is still loading.");
    CHECK(said("scroll", R"({"scroll_direction":"up","scroll_amount":1})") ==
          "Scrolled up. The page is still loading.");
    CHECK(said("type", R"({"text":"a"})").ends_with(". The page is still loading."));
    CHECK(said("mouse_move", R"({"coordinate":[1,2]})").ends_with(". The page is still loading."));
    desk.answer("mouse/click", R"({"success":true,"observed":"settled"})");
    CHECK(said("left_click", R"({"coordinate":[1,2]})") == "Clicked.");
}

TEST_CASE("the pointer's place is told in pixels of the picture") {
    fakes::FakeDeskCalls desk;
    desk.answer("screen/cursor_position", R"({"success":true,"x":640,"y":400})");
    CHECK(result_of(desk, use_of("cursor_position", "{}"), halved).text == "X=320,Y=200");
}

TEST_CASE("input that makes no sense is answered with a sentence, and the desk is left alone") {
    for (const auto& [name, input, call, text] : {
             Case{"left_click", R"({"coordinate":[1280,0]})", "",
                  "Coordinates 1280, 0 are out of bounds: the screenshot is 1280 wide and 800 high"},
             {"left_click", R"({"coordinate":[0,-1]})", "",
              "Coordinates 0, -1 are out of bounds: the screenshot is 1280 wide and 800 high"},
             {"left_click", R"({"coordinate":[1]})", "", "a coordinate must be [x, y], but has 1 numbers"},
             {"left_click", R"({"coordinate":"5,5"})", "",
              "coordinate of left_click must be a list, not a string"},
             {"left_click", R"({"coordinate":[1,2.5]})", "",
              "coordinate.1 of left_click must be a whole number, not 2.5"},
             {"left_click", R"({"button":1})", "", "button is not accepted for left_click"},
             {"mouse_move", R"({})", "", "coordinate is required for mouse_move"},
             {"left_click_drag", R"({"coordinate":[1,1]})", "",
              "start_coordinate is required for left_click_drag"},
             {"type", R"({})", "", "text is required for type"},
             {"key", R"({"text":"a","repeat":0})", "", "repeat of key must be between 1 and 100"},
             {"hold_key", R"({"text":"a"})", "", "duration is required for hold_key"},
             {"hold_key", R"({"text":"a","duration":301})", "", "duration=301 is too long: 300 at most"},
             {"wait", R"({"duration":-1})", "", "duration=-1 must be non-negative"},
             {"scroll", R"({"scroll_direction":"in","scroll_amount":1})", "",
              "scroll_direction='in' must be 'up', 'down', 'left', or 'right'"},
             {"scroll", R"({"scroll_direction":"up","scroll_amount":-1})", "",
              "scroll_amount=-1 must be a whole number from 0 to 100"},
             {"scroll", R"({"scroll_direction":"up"})", "", "scroll_amount is required for scroll"},
             {"zoom", R"({"region":[1,2,3]})", "", "region must be [x0, y0, x1, y1], but has 3 numbers"},
             {"zoom", R"({"region":[5,5,5,9]})", "",
              "region must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1"},
             {"zoom", R"({"region":[0,0,1281,9]})", "",
              "region [0, 0, 1281, 9] is out of bounds: the screenshot is 1280 wide and 800 high"},
             {"screenshot", R"({"action":"screenshot"})", "", "action is not accepted for screenshot"},
             {"fly", R"({})", "", "Invalid action: fly"},
         }) {
        CAPTURE(name);
        fakes::FakeDeskCalls desk;
        const auto result = result_of(desk, use_of(std::string{name}, input));
        CHECK(result.text == text);
        CHECK(result.is_error);
        CHECK(desk.calls.empty());
    }
    fakes::FakeDeskCalls desk;
    CHECK(result_of(desk, use_of("browser", "{}", "")).text == "There is no tool browser");
}

TEST_CASE("what the desk refuses is the result, with the desk's own words") {
    fakes::FakeDeskCalls desk;
    desk.answer("mouse/click", R"({"success":false,"error":"no such key: hyper"})");
    desk.replies["keyboard/type"] = [](json::Object) -> Task<json::Value> {
        throw core::Error{core::Code::unavailable, "the desk's tool server was restarted"};
        co_return nullptr;
    };
    CHECK(result_of(desk, use_of("left_click", "{}")).text == "no such key: hyper");
    const auto result = result_of(desk, use_of("type", R"({"text":"a"})"));
    CHECK(result.text == "the desk's tool server was restarted");
    CHECK(result.is_error);
}

TEST_CASE("bash tells output, errors and the exit status apart") {
    fakes::FakeDeskCalls desk;
    const auto bash = [&](std::string_view input) { return result_of(desk, use_of("bash", input, "")); };
    desk.answer("terminal/execute", R"({"success":true,"output":"a\nb\n","error":"","exit_code":0})");
    CHECK(bash(R"({"command":"ls"})").text == "a\nb");
    CHECK(desk.calls.back() == R"(terminal/execute {"command":"ls","timeout":1.2E2})");
    desk.answer("terminal/execute", R"({"success":true,"output":"a","error":"bad\n","exit_code":2})");
    const auto failing = bash(R"({"command":"ls"})");
    CHECK(failing.text == "a\n<stderr>\nbad\n</stderr>\n<system>exit code 2</system>");
    CHECK_FALSE(failing.is_error);
    desk.answer("terminal/execute", R"({"output":"","error":"","exit_code":0})");
    CHECK(bash(R"({"command":"true"})").text == "<system>the command succeeded and printed nothing</system>");
    desk.answer("terminal/execute",
                R"({"output":"x","system":"timed out after 120 s","timed_out":true,"exit_code":null})");
    CHECK(bash(R"({"command":"sleep 999"})").is_error);
    CHECK(bash(R"({"command":" "})").text == "no command provided.");
    CHECK(bash(R"({})").is_error);
    CHECK(bash(R"({"restart":true})").text == "<system>tool has been restarted.</system>");
    CHECK(desk.calls.back() == "terminal/restart {}");
}

TEST_CASE("bash tells what a command asks, and bash_answer types the answer") {
    fakes::FakeDeskCalls desk;
    const auto call = [&](std::string name, std::string_view input) {
        return result_of(desk, use_of(std::move(name), input, ""));
    };
    desk.answer(
        "terminal/execute",
        R"({"output":"begun\n","system":"a note\nAnswer it with terminal/answer.","waiting_for_input":true,"prompt":"Password: ","exit_code":-1,"timed_out":false})");
    const auto asked = call("bash", R"({"command":"login"})");
    CHECK(
        asked.text ==
        "begun\n<system>a note\nThe command has not ended: it waits for input on its terminal, after "
        "printing "
        "\"Password: \". Give that with bash_answer; \\u0003 (Control-C) there ends the command, and so does "
        "another command of bash.</system>");
    CHECK_FALSE(asked.is_error);
    desk.answer("terminal/answer",
                R"({"output":"","system":"x","waiting_for_input":true,"prompt":"","exit_code":-1})");
    CHECK(call("bash_answer", R"({"text":"ada"})").text.find("terminal, and has asked nothing. Give") !=
          std::string::npos);
    CHECK(desk.calls.back() == R"(terminal/answer {"text":"ada","enter":true,"timeout":1.2E2})");
    desk.answer("terminal/answer",
                R"({"output":"in\n","system":"","exit_code":0,"waiting_for_input":false})");
    CHECK(call("bash_answer", R"({"text":"y","enter":false})").text == "in");
    CHECK(desk.calls.back() == R"(terminal/answer {"text":"y","enter":false,"timeout":1.2E2})");
    for (const auto* input : {"{}", R"({"text":7})", R"({"text":"a","command":"b"})"})
        CHECK(call("bash_answer", input).is_error);
}

TEST_CASE("long output keeps its beginning and its end, and cuts no character") {
    fakes::FakeDeskCalls desk;
    std::string output = "first ";
    for (int i = 0; i < 40'000; ++i) output += "é";
    output += " last";
    desk.replies["terminal/execute"] = [&](json::Object) -> Task<json::Value> {
        co_return json::Object{{"output", output}, {"exit_code", 0}};
    };
    const auto text = result_of(desk, use_of("bash", R"({"command":"x"})", "")).text;
    CHECK(text.size() < 31'000);
    CHECK(text.starts_with("first é"));
    CHECK(text.ends_with("é last"));
    CHECK(text.find("bytes are left out here") != text.npos);
    CHECK(text.find("\xEF\xBF\xBD") == text.npos);
}

TEST_CASE("the editor's commands are the desk's file operations") {
    for (const auto& [name, input, call, text] : {
             Case{"", R"({"command":"view","path":"/a"})", R"(file/view {"path":"/a"})", "out"},
             {"", R"({"command":"view","path":"/a","view_range":[2,-1]})",
              R"(file/view {"path":"/a","view_range":[2,-1]})", "out"},
             {"", R"({"command":"create","path":"/a","file_text":""})",
              R"(file/create {"path":"/a","file_text":""})", "out"},
             {"", R"({"command":"str_replace","path":"/a","old_str":"b"})",
              R"(file/replace {"path":"/a","old_str":"b","new_str":""})", "out"},
             {"", R"({"command":"insert","path":"/a","insert_line":0,"insert_text":"b"})",
              R"(file/insert {"path":"/a","insert_line":0,"insert_text":"b"})", "out"},
             {"", R"({"command":"create","path":"/a"})", "",
              "Parameter `file_text` is required for command: create"},
             {"", R"({"command":"insert","path":"/a"})", "",
              "Parameter `insert_line` is required for command: insert"},
             {"", R"({"command":"undo_edit","path":"/a"})", "",
              "Unrecognized command undo_edit. The allowed commands are: view, create, str_replace, insert"},
             {"", R"({"path":"/a"})", "", "command is required for str_replace_based_edit_tool"},
         }) {
        CAPTURE(input);
        fakes::FakeDeskCalls desk;
        for (const auto* operation : {"file/view", "file/create", "file/replace", "file/insert"})
            desk.answer(operation, R"({"success":true,"output":"out"})");
        const auto result = result_of(desk, use_of("str_replace_based_edit_tool", input, ""));
        CHECK(result.text == text);
        CHECK(result.is_error == call.empty());
        CHECK((desk.calls.empty() ? "" : desk.calls[0]) == call);
    }
}

TEST_CASE("cancelling a call is no result") {
    run_loop([](async::Executor executor) -> Task<> {
        fakes::FakeDeskCalls desk;
        async::Gate gate{executor};
        desk.replies["keyboard/type"] = [&](json::Object) -> Task<json::Value> {
            co_await gate.wait();
            co_return nullptr;
        };
        const Bench bench{desk, unscaled.picture};
        bool has_result = false;
        async::Job job{executor, "tool", [](const Bench& b, bool& result) -> Task<> {
                           co_await run_tool(b, use_of("type", R"({"text":"a"})"));
                           result = true;
                       }(bench, has_result)};
        while (desk.calls.empty()) co_await async::yield_turn();
        co_await job.close();
        CHECK_FALSE(has_result);
    });
}
