// The requests of a desk's operations: their fields, their bounds, and what stands when one is absent.
// Names are those that clients of older desk tool servers already send.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json/fields.hpp"

namespace carrel::ops {

/// A pixel of the screen; 0,0 is the upper left one.
struct Point {
    int x = 0;
    int y = 0;
};

/// What an input operation waits for before it answers. Times are milliseconds.
struct Observe {
    std::string observe = "settled";  ///< or "none"
    int first_change_ms = 150;        ///< how long the first change is awaited
    int quiet_ms = 40;                ///< how long nothing may change then
    int limit_ms = 2000;              ///< of the whole waiting
    /// Whether the answer brings the screen afterwards; by default it does when something was awaited.
    std::optional<bool> screenshot;
};

/// How a picture is made.
struct PictureOptions {
    std::string format = "png";   ///< or "jpeg"
    int quality = 85;             ///< of a JPEG
    std::optional<double> scale;  ///< pixels of the picture for one of the screen
    std::optional<int> width;     ///< pixels; the other side follows when only one is given
    std::optional<int> height;
};

struct Screenshot : PictureOptions {};
const json::Shape<Screenshot>& screenshot_shape();

/// The rectangle from x0,y0 up to but without x1,y1.
struct RegionScreenshot : PictureOptions {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;
};
const json::Shape<RegionScreenshot>& region_screenshot_shape();

struct Click : Observe {
    std::string button;
    std::optional<Point> coordinate;  ///< where the pointer is when absent
    std::optional<std::string> key;   ///< a chord held meanwhile
};
const json::Shape<Click>& click_shape();

struct Move : Observe {
    Point coordinate;
};
const json::Shape<Move>& move_shape();

struct Drag : Observe {
    Point start_coordinate;
    Point end_coordinate;
    std::optional<std::string> key;
};
const json::Shape<Drag>& drag_shape();

/// Of mouse/down and mouse/up: at the pointer.
struct PressButton : Observe {
    std::string button = "left";
};
const json::Shape<PressButton>& press_button_shape();

struct Scroll : Observe {
    std::string direction;
    int amount = 1;  ///< clicks of the wheel
    std::optional<Point> coordinate;
    std::optional<std::string> modifier_key;
};
const json::Shape<Scroll>& scroll_shape();

struct PressKey : Observe {
    std::string key;
    int repeat = 1;
};
const json::Shape<PressKey>& press_key_shape();

struct TypeText : Observe {
    std::string text;
};
const json::Shape<TypeText>& type_text_shape();

struct HoldKey : Observe {
    std::string key;
    double duration = 0;  ///< seconds
};
const json::Shape<HoldKey>& hold_key_shape();

struct Execute {
    std::string command;
    double timeout = 30;  ///< seconds
};
const json::Shape<Execute>& execute_shape();

struct ViewFile {
    std::string path;
    std::vector<int> view_range;  ///< first and last line, -1 for the end; empty: everything
};
const json::Shape<ViewFile>& view_file_shape();

/// Of file/create and file/write.
struct WriteFile {
    std::string path;
    std::string file_text;
};
const json::Shape<WriteFile>& write_file_shape();

struct ReplaceInFile {
    std::string path;
    std::string old_str;
    std::string new_str;
};
const json::Shape<ReplaceInFile>& replace_in_file_shape();

struct InsertInFile {
    std::string path;
    int insert_line = 0;  ///< the line after which; 0 is the top
    std::string insert_text;
};
const json::Shape<InsertInFile>& insert_in_file_shape();

/// Of file/list (absent: the home directory) and of file/download.
struct ListFiles {
    std::string path;
};
const json::Shape<ListFiles>& list_files_shape();

struct DownloadFile {
    std::string path;
};
const json::Shape<DownloadFile>& download_file_shape();

/// A page comes in pieces and late: the waiting is longer than after a click.
struct OpenUrl : Observe {
    OpenUrl() : Observe{.first_change_ms = 1000, .quiet_ms = 250, .limit_ms = 5000} {}
    std::string url;
    bool new_window = false;
};
const json::Shape<OpenUrl>& open_url_shape();

/// Of operations that only need to know what to wait for: browser/close.
struct JustObserve : Observe {};
const json::Shape<JustObserve>& just_observe_shape();

struct SetClipboard {
    std::string content;
};
const json::Shape<SetClipboard>& set_clipboard_shape();

struct Wait {
    double duration = 0;  ///< seconds
    bool screenshot = true;
};
const json::Shape<Wait>& wait_shape();

/// Of operations that take nothing.
struct Nothing {};
const json::Shape<Nothing>& nothing_shape();

}  // namespace carrel::ops
