#include "ops/desk.hpp"

#include <array>

#include "ops/operation.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::Field;
using json::field;
using json::length_between;
using json::one_of;
using json::Shape;

/// Longest time that one call may hold a key or wait, in seconds.
constexpr double longest_pause = 300;
constexpr double longest_command = 300;
constexpr int largest_side = 16384;
constexpr std::size_t longest_path = 4096;
constexpr std::size_t longest_chord = 200;
constexpr std::size_t longest_typing = 20'000;
constexpr std::size_t longest_url = 32'000;
constexpr std::size_t longest_text = std::size_t{16} << 20;

template <class Request>
std::vector<Field<Request>> with(std::vector<Field<Request>> fields, std::vector<Field<Request>> more) {
    for (auto& entry : more) fields.push_back(std::move(entry));
    return fields;
}

/// The members of Observe in a request that has them.
template <class Request>
std::vector<Field<Request>> observing() {
    return {field("observe", static_cast<std::string Request::*>(&Request::observe),
                  "what is awaited before the answer: none, or settled: a first change, then quiet",
                  one_of({"settled", "none"}))
                .with_default(),
            field("first_change_ms", static_cast<int Request::*>(&Request::first_change_ms),
                  "how long the first change is awaited", between(0, 60'000))
                .with_default(),
            field("quiet_ms", static_cast<int Request::*>(&Request::quiet_ms),
                  "how long nothing may change then", between(0, 10'000))
                .with_default(),
            field("limit_ms", static_cast<int Request::*>(&Request::limit_ms), "most that is awaited in all",
                  between(0, 60'000))
                .with_default(),
            field("screenshot", static_cast<std::optional<bool> Request::*>(&Request::screenshot),
                  "whether the answer brings the screen; by default unless observe is none")};
}

template <class Request>
std::vector<Field<Request>> picturing() {
    return {field("format", static_cast<std::string Request::*>(&Request::format), "png or jpeg",
                  one_of({"png", "jpeg"}))
                .with_default(),
            field("quality", static_cast<int Request::*>(&Request::quality), "of a JPEG", between(1, 100))
                .with_default(),
            field("scale", static_cast<std::optional<double> Request::*>(&Request::scale),
                  "pixels of the picture for one of the screen", between(0.05, 8)),
            field("width", static_cast<std::optional<int> Request::*>(&Request::width),
                  "of the picture, in pixels; the height follows unless given", between(1, largest_side)),
            field("height", static_cast<std::optional<int> Request::*>(&Request::height),
                  "of the picture, in pixels; the width follows unless given", between(1, largest_side))};
}

const Shape<Point>& point_shape() {
    static const Shape<Point> shape{field("x", &Point::x, "column of the screen, from 0 at the left"),
                                    field("y", &Point::y, "row of the screen, from 0 at the top")};
    return shape;
}

json::Rule chord_length() { return length_between(1, longest_chord); }
json::Rule path_length() { return length_between(1, longest_path); }
constexpr auto held = R"(keys held meanwhile, such as "ctrl+shift")";
constexpr auto absolute_path = "an absolute path";

template <const auto& (*Of)()>
json::Object schema() {
    return Of().schema();
}

constexpr auto view = Permission::view;
constexpr auto control = Permission::control;

constexpr std::array rows{
    Operation{"screen/screenshot", "GET", "/screen/screenshot", view, Body::none, Body::picture,
              "The screen as a PNG or JPEG, with the pointer.", schema<screenshot_shape>},
    Operation{"screen/screenshot", "POST", "/screen/screenshot", view, Body::json, Body::picture,
              "The screen as a PNG or JPEG, with the pointer.", schema<screenshot_shape>},
    Operation{"screen/screenshot/region", "POST", "/screen/screenshot/region", view, Body::json,
              Body::picture, "A rectangle of the screen in its own pixels.", schema<region_screenshot_shape>},
    Operation{"screen/zoom", "POST", "/screen/zoom", view, Body::json, Body::picture,
              "A rectangle of the screen in its own pixels; scale, width or height enlarge it.",
              schema<region_screenshot_shape>},
    Operation{"screen/info", "GET", "/screen/info", view, Body::none, Body::json,
              "Width and height of the screen in pixels."},
    Operation{"screen/cursor_position", "GET", "/screen/cursor_position", view, Body::none, Body::json,
              "Where the pointer is."},
    Operation{"mouse/click", "POST", "/mouse/click", control, Body::json, Body::json,
              "Clicks once, twice or three times, at a place or where the pointer is.", schema<click_shape>},
    Operation{"mouse/move", "POST", "/mouse/move", control, Body::json, Body::json, "Moves the pointer.",
              schema<move_shape>},
    Operation{"mouse/drag", "POST", "/mouse/drag", control, Body::json, Body::json,
              "Presses the left button at one place and releases it at another.", schema<drag_shape>},
    Operation{"mouse/down", "POST", "/mouse/down", control, Body::json, Body::json,
              "Presses a button where the pointer is.", schema<press_button_shape>},
    Operation{"mouse/up", "POST", "/mouse/up", control, Body::json, Body::json,
              "Releases a button where the pointer is.", schema<press_button_shape>},
    Operation{"mouse/scroll", "POST", "/mouse/scroll", control, Body::json, Body::json, "Turns the wheel.",
              schema<scroll_shape>},
    Operation{"keyboard/key", "POST", "/keyboard/key", control, Body::json, Body::json,
              R"(Presses keys, such as "ctrl+c"; several chords stand apart by spaces.)",
              schema<press_key_shape>},
    Operation{"keyboard/type", "POST", "/keyboard/type", control, Body::json, Body::json,
              "Types text; any character of Unicode, a line feed is the Return key.",
              schema<type_text_shape>},
    Operation{"keyboard/hold_key", "POST", "/keyboard/hold_key", control, Body::json, Body::json,
              "Holds keys down for a time.", schema<hold_key_shape>},
    Operation{"terminal/execute", "POST", "/terminal/execute", control, Body::json, Body::json,
              "Runs a command in the desk's one bash, which keeps its state.", schema<execute_shape>},
    Operation{"terminal/execute/stream", "POST", "/terminal/execute/stream", control, Body::json,
              Body::event_stream, "The same; output comes as it is written.", schema<execute_shape>},
    Operation{"terminal/restart", "POST", "/terminal/restart", control, Body::json, Body::json,
              "Ends the bash and starts a new one.", schema<nothing_shape>},
    Operation{"file/view", "POST", "/file/view", view, Body::json, Body::json,
              "A text file with line numbers, or what a directory holds.", schema<view_file_shape>},
    Operation{"file/create", "POST", "/file/create", control, Body::json, Body::json,
              "Writes a new file; refuses one that exists.", schema<write_file_shape>},
    Operation{"file/write", "POST", "/file/write", control, Body::json, Body::json,
              "Writes a file, new or over what it held.", schema<write_file_shape>},
    Operation{"file/replace", "POST", "/file/replace", control, Body::json, Body::json,
              "Replaces the one place where a text stands.", schema<replace_in_file_shape>},
    Operation{"file/insert", "POST", "/file/insert", control, Body::json, Body::json,
              "Inserts text after a line.", schema<insert_in_file_shape>},
    Operation{"file/list", "POST", "/file/list", view, Body::json, Body::json, "What a directory holds.",
              schema<list_files_shape>},
    Operation{"file/upload", "POST", "/file/upload", control, Body::multipart, Body::json,
              "Stores the part `file` at the path in the part `dest_path`."},
    Operation{"file/download", "GET", "/file/download", view, Body::none, Body::bytes, "A file's bytes.",
              schema<download_file_shape>},
    Operation{"browser/open_url", "POST", "/browser/open_url", control, Body::json, Body::json,
              "Opens an address (http, https, file, about) in the desk's browser.", schema<open_url_shape>},
    Operation{"browser/close", "POST", "/browser/close", control, Body::json, Body::json,
              "Closes the browser.", schema<just_observe_shape>},
    Operation{"browser/active_window", "GET", "/browser/active_window", view, Body::none, Body::json,
              "The window that has the keyboard."},
    Operation{"system/health", "GET", "/system/health", view, Body::none, Body::json,
              "Whether display and window manager are up."},
    Operation{"system/info", "GET", "/system/info", view, Body::none, Body::json,
              "Processor, memory and disk of the desk."},
    Operation{"system/clipboard", "GET", "/system/clipboard", view, Body::none, Body::json,
              "The clipboard's text."},
    Operation{"system/clipboard", "POST", "/system/clipboard", control, Body::json, Body::json,
              "Sets the clipboard's text.", schema<set_clipboard_shape>},
    Operation{"system/wait", "POST", "/system/wait", view, Body::json, Body::json,
              "Waits, then answers with the screen.", schema<wait_shape>},
};

}  // namespace

std::span<const Operation> desk_operations() { return rows; }

const Operation* find_desk_operation(std::string_view method, std::string_view path) {
    for (const auto& row : rows)
        if (row.method == method && row.path == path) return &row;
    return nullptr;
}

const Shape<Screenshot>& screenshot_shape() {
    static const Shape<Screenshot> shape{picturing<Screenshot>()};
    return shape;
}

const Shape<RegionScreenshot>& region_screenshot_shape() {
    static const Shape<RegionScreenshot> shape{with(
        {field("x0", &RegionScreenshot::x0, "left edge"), field("y0", &RegionScreenshot::y0, "upper edge"),
         field("x1", &RegionScreenshot::x1, "right edge, not part of the picture"),
         field("y1", &RegionScreenshot::y1, "lower edge, not part of the picture")},
        picturing<RegionScreenshot>())};
    return shape;
}

const Shape<Click>& click_shape() {
    static const Shape<Click> shape{
        with({field("button", &Click::button, "which button, how often",
                    one_of({"left_click", "right_click", "middle_click", "double_click", "triple_click"})),
              field("coordinate", &Click::coordinate, "where; absent: where the pointer is", point_shape()),
              field("key", &Click::key, held, chord_length())},
             observing<Click>())};
    return shape;
}

const Shape<Move>& move_shape() {
    static const Shape<Move> shape{
        with({field("coordinate", &Move::coordinate, "where to", point_shape())}, observing<Move>())};
    return shape;
}

const Shape<Drag>& drag_shape() {
    static const Shape<Drag> shape{
        with({field("start_coordinate", &Drag::start_coordinate, "where the button goes down", point_shape()),
              field("end_coordinate", &Drag::end_coordinate, "where it goes up", point_shape()),
              field("key", &Drag::key, held, chord_length())},
             observing<Drag>())};
    return shape;
}

const Shape<PressButton>& press_button_shape() {
    static const Shape<PressButton> shape{
        with({field("button", &PressButton::button, "which button", one_of({"left", "middle", "right"}))
                  .with_default()},
             observing<PressButton>())};
    return shape;
}

const Shape<Scroll>& scroll_shape() {
    static const Shape<Scroll> shape{
        with({field("direction", &Scroll::direction, "where to", one_of({"up", "down", "left", "right"})),
              field("amount", &Scroll::amount, "clicks of the wheel", between(1, 100)),
              field("coordinate", &Scroll::coordinate, "where; absent: where the pointer is", point_shape()),
              field("modifier_key", &Scroll::modifier_key, held, chord_length())},
             observing<Scroll>())};
    return shape;
}

const Shape<PressKey>& press_key_shape() {
    static const Shape<PressKey> shape{
        with({field("key", &PressKey::key, R"(a chord such as "ctrl+c", or several with spaces between)",
                    chord_length()),
              field("repeat", &PressKey::repeat, "how often", between(1, 100)).with_default()},
             observing<PressKey>())};
    return shape;
}

const Shape<TypeText>& type_text_shape() {
    static const Shape<TypeText> shape{
        with({field("text", &TypeText::text, "what is typed", length_between(1, longest_typing))},
             observing<TypeText>())};
    return shape;
}

const Shape<HoldKey>& hold_key_shape() {
    static const Shape<HoldKey> shape{
        with({field("key", &HoldKey::key, "a chord", chord_length()),
              field("duration", &HoldKey::duration, "seconds", between(0, longest_pause))},
             observing<HoldKey>())};
    return shape;
}

const Shape<Execute>& execute_shape() {
    static const Shape<Execute> shape{
        field("command", &Execute::command, "for bash; may have many lines", length_between(1, longest_text)),
        field("timeout", &Execute::timeout, "seconds", between(1, longest_command)).with_default()};
    return shape;
}

const Shape<ViewFile>& view_file_shape() {
    static const Shape<ViewFile> shape{
        field("path", &ViewFile::path, absolute_path, path_length()),
        field("view_range", &ViewFile::view_range, "first and last line; -1 is the end", length_between(2, 2))
            .with_default()};
    return shape;
}

const Shape<WriteFile>& write_file_shape() {
    static const Shape<WriteFile> shape{field("path", &WriteFile::path, absolute_path, path_length()),
                                        field("file_text", &WriteFile::file_text, "what the file shall hold",
                                              length_between(0, longest_text))};
    return shape;
}

const Shape<ReplaceInFile>& replace_in_file_shape() {
    static const Shape<ReplaceInFile> shape{
        field("path", &ReplaceInFile::path, absolute_path, path_length()),
        field("old_str", &ReplaceInFile::old_str, "text that stands exactly once in the file",
              length_between(1, longest_text)),
        field("new_str", &ReplaceInFile::new_str, "what stands there then; absent: nothing",
              length_between(0, longest_text))
            .with_default()};
    return shape;
}

const Shape<InsertInFile>& insert_in_file_shape() {
    static const Shape<InsertInFile> shape{
        field("path", &InsertInFile::path, absolute_path, path_length()),
        field("insert_line", &InsertInFile::insert_line, "the line after which; 0 is the top",
              between(0, 1'000'000'000)),
        field("insert_text", &InsertInFile::insert_text, "new lines", length_between(0, longest_text))};
    return shape;
}

const Shape<ListFiles>& list_files_shape() {
    static const Shape<ListFiles> shape{field("path", &ListFiles::path,
                                              "a directory; absent: the home directory",
                                              length_between(0, longest_path))
                                            .with_default()};
    return shape;
}

const Shape<DownloadFile>& download_file_shape() {
    static const Shape<DownloadFile> shape{field("path", &DownloadFile::path, "of the file", path_length())};
    return shape;
}

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

const Shape<SetClipboard>& set_clipboard_shape() {
    static const Shape<SetClipboard> shape{
        field("content", &SetClipboard::content, "text", length_between(0, std::size_t{1} << 20))};
    return shape;
}

const Shape<Wait>& wait_shape() {
    static const Shape<Wait> shape{
        field("duration", &Wait::duration, "seconds", between(0, longest_pause)),
        field("screenshot", &Wait::screenshot, "whether the answer brings the screen").with_default()};
    return shape;
}

const Shape<Nothing>& nothing_shape() {
    static const Shape<Nothing> shape{std::vector<Field<Nothing>>{}};
    return shape;
}

}  // namespace carrel::ops
