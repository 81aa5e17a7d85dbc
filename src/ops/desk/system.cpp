#include "ops/desk/system.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr double longest_system_pause = 300;
constexpr auto which_selection = "clipboard: what was copied; primary: what is marked with the mouse";

constexpr std::array health_members{
    Member{"status", "string",
           "ok, or starting as long as display or window manager are not up that it shall have"},
    Member{"display", "boolean", "whether the display is up"},
    Member{"window_manager", "boolean", "whether the window manager is up"},
};
constexpr std::array info_members{
    Member{"cpu", "object",
           "count (processors of the machine), limit (how many processors' worth of time the desk gets; "
           "null: no "
           "limit), load_1m and load_5m (of the machine)"},
    Member{"memory", "object",
           "total_bytes (the desk's limit, or the machine's memory where is_limited is false), used_bytes "
           "(private "
           "memory of all its processes, and files in /tmp, /dev/shm and /run), available_bytes"},
    Member{"disk", "object", "total_bytes and available_bytes where the home directory lies"},
    Member{"processes", "object", "count, threads, and limit (of threads; null: no limit)"},
    Member{"uptime_seconds", "number", "how long the desk is up"},
    Member{"display", "any", "{width, height} in pixels; null of a desk without a display"},
    Member{"hostname", "string", "the desk's"},
    Member{"kernel", "string", "its release"},
    Member{"version", "string", "of the desk's tool server"},
};
constexpr std::array read_clipboard_members{
    Member{"content", "string", "the text; empty when there is none, or a picture was asked for"},
    Member{"types", "array", "the media types that are offered, such as text/plain, text/html, image/png"},
    Member{"image", "string", "the picture as PNG in base64, when it was asked for and there is one", false},
};
constexpr std::array set_clipboard_members{
    Member{"output", "string", "that it was done"},
};
constexpr std::array wait_members{
    Member{"output", "string", "that it has waited"},
    Member{"image", "string", "the screen afterwards: a PNG in base64", false},
    Member{"width", "integer", "of the picture, in pixels", false},
    Member{"height", "integer", "of the picture, in pixels", false},
};

constexpr std::array system_table{
    Operation{
        .name = "system/health",
        .method = "GET",
        .permission = view,
        .summary = "Whether display and window manager are up.",
        .answer = health_members,
    },
    Operation{
        .name = "system/info",
        .method = "GET",
        .permission = view,
        .summary = "Processor, memory and disk of the desk, its limits and how long it is up.",
        .answer = info_members,
    },
    Operation{
        .name = "system/clipboard",
        .method = "GET",
        .permission = view,
        .summary = "What is copied, as text or as a picture; at most 16 MiB.",
        .request_schema = schema<read_clipboard_shape>,
        .answer = read_clipboard_members,
        .example = "type=text",
    },
    Operation{
        .name = "system/clipboard",
        .method = "POST",
        .request = Body::json,
        .summary = "Copies a text, a picture, or both for programs to choose from.",
        .request_schema = schema<set_clipboard_shape>,
        .answer = set_clipboard_members,
        .example = R"({"content":"Grüße, 你好!"})",
    },
    Operation{
        .name = "system/wait",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "Waits, then answers with the screen.",
        .request_schema = schema<wait_shape>,
        .answer = wait_members,
        .example = R"({"duration":0.1})",
    },
};

}  // namespace

std::span<const Operation> system_rows() { return system_table; }

const Shape<ReadClipboard>& read_clipboard_shape() {
    static const Shape<ReadClipboard> shape{
        field("type", &ReadClipboard::type, "text, or image for a picture", one_of({"text", "image"}))
            .with_default(),
        field("selection", &ReadClipboard::selection, which_selection, one_of({"clipboard", "primary"}))
            .with_default()};
    return shape;
}

const Shape<SetClipboard>& set_clipboard_shape() {
    static const Shape<SetClipboard> shape{
        field("content", &SetClipboard::content, "a text", length_between(0, longest_clipboard_text)),
        field("image", &SetClipboard::image, "a PNG of at most 16 MiB, in base64"),
        field("selection", &SetClipboard::selection, which_selection, one_of({"clipboard", "primary"}))
            .with_default()};
    return shape;
}

const Shape<Wait>& wait_shape() {
    static const Shape<Wait> shape{
        field("duration", &Wait::duration, "seconds", between(0, longest_system_pause)),
        field("screenshot", &Wait::screenshot, "whether the answer brings the screen").with_default()};
    return shape;
}

}  // namespace carrel::ops
