#include "agent/computer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "agent/rules.hpp"
#include "agent/tool_input.hpp"
#include "async/task.hpp"

namespace carrel::agent {

namespace {

using json::field;
using json::Object;
using json::Shape;

/// Longest that a model may wait or hold a key, in seconds.
constexpr double longest_pause = 300;

[[noreturn]] void refuse_action(std::string text) { throw core::Error{core::Code::invalid, std::move(text)}; }

Object screen_point(const ScreenMap& map, const std::vector<int>& coordinate) {
    if (coordinate.size() != 2)
        refuse_action(fmt::format("a coordinate must be [x, y], but has {} numbers", coordinate.size()));
    const auto pixel = map.to_screen({coordinate[0], coordinate[1]});
    if (!pixel)
        refuse_action(
            fmt::format("Coordinates {}, {} are out of bounds: the screenshot is {} wide and {} high",
                        coordinate[0], coordinate[1], map.picture.width, map.picture.height));
    return {{"x", pixel->x}, {"y", pixel->y}};
}

/// Every action waits until the screen has settled and needs no picture: the model asks for its own. Answers
/// what the model should know beyond what it did.
Task<std::string> act(const Bench& bench, std::string operation, Object input) {
    input["screenshot"] = false;
    const auto answer = co_await bench.desk.call(operation, std::move(input));
    const auto* success = json::find(answer, "success");
    if (success && success->is_bool() && !success->get_bool())
        refuse_action(
            std::string{json::text_or(answer, "error", "the desk refused the action without saying why")});
    co_return json::text_or(answer, "observed") == "loading" ? " The page is still loading." : "";
}

ToolResult said(std::string text) { return {.text = std::move(text), .picture = {}, .is_error = false}; }

// --- pointing ---------------------------------------------------------------------------------

struct Pointing {
    std::optional<std::vector<int>> coordinate;
    std::optional<std::string> text;
    std::optional<std::string> key;
    std::optional<std::vector<int>> start_coordinate;
    std::optional<std::string> scroll_direction;
    std::optional<double> scroll_amount;

    /// Keys held meanwhile. Their name is `text`; models that learned older tools say `key`.
    std::optional<std::string> modifiers() const {
        const auto& held = text ? text : key;
        return held && !held->empty() ? held : std::nullopt;
    }
};

const auto coordinate_field = field("coordinate", &Pointing::coordinate, "[x, y]");
const auto text_field = field("text", &Pointing::text, "keys held meanwhile");
const auto key_field = field("key", &Pointing::key, "the same");

Task<ToolResult> click(const Bench& bench, std::string name, Object input, std::string done) {
    static const Shape<Pointing> shape{coordinate_field, text_field, key_field};
    const auto wanted = decode_input(shape, name, input);
    Object click{{"button", name}};
    if (wanted.coordinate) click["coordinate"] = screen_point(bench.map(), *wanted.coordinate);
    if (const auto keys = wanted.modifiers()) click["key"] = *keys;
    done += co_await act(bench, "mouse/click", std::move(click));
    co_return said(std::move(done));
}

Task<ToolResult> mouse_move(const Bench& bench, std::string name, Object input, std::string done) {
    static const Shape<Pointing> shape{coordinate_field};
    const auto wanted = decode_input(shape, name, input);
    if (!wanted.coordinate) refuse_action("coordinate is required for mouse_move");
    done +=
        co_await act(bench, "mouse/move", {{"coordinate", screen_point(bench.map(), *wanted.coordinate)}});
    co_return said(std::move(done));
}

Task<ToolResult> drag(const Bench& bench, std::string name, Object input, std::string done) {
    static const Shape<Pointing> shape{field("start_coordinate", &Pointing::start_coordinate, "[x, y]"),
                                       coordinate_field, text_field, key_field};
    const auto wanted = decode_input(shape, name, input);
    if (!wanted.start_coordinate) refuse_action("start_coordinate is required for left_click_drag");
    if (!wanted.coordinate) refuse_action("coordinate is required for left_click_drag");
    Object drag{{"start_coordinate", screen_point(bench.map(), *wanted.start_coordinate)},
                {"end_coordinate", screen_point(bench.map(), *wanted.coordinate)}};
    if (const auto keys = wanted.modifiers()) drag["key"] = *keys;
    done += co_await act(bench, "mouse/drag", std::move(drag));
    co_return said(std::move(done));
}

Task<ToolResult> press_button(const Bench& bench, std::string name, Object input, std::string done) {
    static const Shape<Pointing> shape{};
    decode_input(shape, name, input);
    done += co_await act(bench, name == "left_mouse_down" ? "mouse/down" : "mouse/up", {{"button", "left"}});
    co_return said(std::move(done));
}

Task<ToolResult> scroll(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Pointing> shape{
        coordinate_field, text_field, key_field,
        field("scroll_direction", &Pointing::scroll_direction, "where to"),
        field("scroll_amount", &Pointing::scroll_amount, "clicks of the wheel")};
    const auto wanted = decode_input(shape, name, input);
    const auto direction = wanted.scroll_direction.value_or("");
    constexpr std::array<std::string_view, 4> directions{"up", "down", "left", "right"};
    if (std::ranges::find(directions, direction) == directions.end())
        refuse_action(
            fmt::format("scroll_direction='{}' must be 'up', 'down', 'left', or 'right'", direction));
    if (!wanted.scroll_amount) refuse_action("scroll_amount is required for scroll");
    const auto amount = *wanted.scroll_amount;
    if (amount < 0 || amount > 100 || std::trunc(amount) != amount)
        refuse_action(fmt::format("scroll_amount={} must be a whole number from 0 to 100", amount));
    Object scroll{{"direction", direction}, {"amount", static_cast<int>(amount)}};
    if (wanted.coordinate) scroll["coordinate"] = screen_point(bench.map(), *wanted.coordinate);
    if (const auto keys = wanted.modifiers()) scroll["modifier_key"] = *keys;
    std::string note;
    if (amount > 0)
        note = co_await act(bench, "mouse/scroll", std::move(scroll));
    else if (wanted.coordinate)
        note = co_await act(bench, "mouse/move", {{"coordinate", scroll["coordinate"]}});
    co_return said(fmt::format("Scrolled {}.", direction) + note);
}

Task<ToolResult> cursor_position(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Pointing> shape{};
    decode_input(shape, name, input);
    struct Place {
        int x = 0;
        int y = 0;
        std::optional<json::Value> success;
    };
    static const Shape<Place> place_shape{field("x", &Place::x, "column"), field("y", &Place::y, "row"),
                                          field("success", &Place::success, "unused")};
    const auto answer = co_await bench.desk.call("screen/cursor_position", {});
    const auto place = place_shape.decode(answer);
    if (!place) throw core::Error{core::Code::unavailable, "the desk did not say where the pointer is"};
    const auto seen = bench.map().to_picture({place->x, place->y});
    co_return said(fmt::format("X={},Y={}", seen.x, seen.y));
}

// --- keys -------------------------------------------------------------------------------------

struct Typing {
    std::string text;
    int repeat = 1;
    double duration = 0;
};

const auto typed_field = field("text", &Typing::text, "keys or text", json::length_between(1, 20'000));
const auto duration_field = field("duration", &Typing::duration, "seconds");

void check_duration(double duration) {
    if (!(duration >= 0)) refuse_action(fmt::format("duration={} must be non-negative", duration));
    if (duration > longest_pause)
        refuse_action(fmt::format("duration={} is too long: {} at most", duration, longest_pause));
}

Task<ToolResult> key(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Typing> shape{
        typed_field, field("repeat", &Typing::repeat, "how often", json::between(1, 100)).with_default()};
    const auto wanted = decode_input(shape, name, input);
    const auto note = co_await act(bench, "keyboard/key", {{"key", wanted.text}, {"repeat", wanted.repeat}});
    co_return said(fmt::format("Pressed {}.", wanted.text) + note);
}

Task<ToolResult> type(const Bench& bench, std::string name, Object input, std::string done) {
    static const Shape<Typing> shape{typed_field};
    const auto wanted = decode_input(shape, name, input);
    done += co_await act(bench, "keyboard/type", {{"text", wanted.text}});
    co_return said(std::move(done));
}

Task<ToolResult> hold_key(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Typing> shape{typed_field, duration_field};
    const auto wanted = decode_input(shape, name, input);
    check_duration(wanted.duration);
    const auto note =
        co_await act(bench, "keyboard/hold_key", {{"key", wanted.text}, {"duration", wanted.duration}});
    co_return said(fmt::format("Held {} for {}s.", wanted.text, wanted.duration) + note);
}

Task<ToolResult> wait(const Bench&, std::string name, Object input, std::string) {
    static const Shape<Typing> shape{duration_field};
    const auto wanted = decode_input(shape, name, input);
    check_duration(wanted.duration);
    co_await async::pause(std::chrono::milliseconds{std::llround(wanted.duration * 1000)});
    co_return said(fmt::format("Waited {}s.", wanted.duration));
}

// --- looking ----------------------------------------------------------------------------------

/// A larger PNG shows a photo or the like: as a JPEG it costs a fraction of a request's bytes.
constexpr std::size_t large_picture = 1'500'000;
/// Of the JPEG instead; the lower one for what is still too large for the vendor.
constexpr std::array jpeg_qualities{90, 60};

/// A picture of at most what a model takes, if that can be had.
Task<Picture> take_picture(const Bench& bench, std::string operation, Object wish) {
    auto picture = co_await bench.desk.picture(operation, wish);
    auto most = large_picture;
    for (const int quality : jpeg_qualities) {
        if (picture.bytes.size() <= most) break;
        wish["format"] = "jpeg";
        wish["quality"] = quality;
        picture = co_await bench.desk.picture(operation, wish);
        most = most_picture_bytes;
    }
    co_return picture;
}

/// A picture of exactly that size: one of another would move what the model points at, and one beyond the
/// vendor's limits would spoil the history for good.
Task<ToolResult> look(const Bench& bench, std::string operation, Object wish, Size size) {
    auto picture = co_await take_picture(bench, operation, wish);
    if (picture.size != size) {
        // The screen was resized at this moment: then the desk fits it in.
        wish["width"] = size.width;
        wish["height"] = size.height;
        picture = co_await take_picture(bench, std::move(operation), std::move(wish));
    }
    if (picture.size != size)
        throw core::Error{core::Code::unavailable,
                          fmt::format("the desk's picture is {}x{} and not {}x{}", picture.size.width,
                                      picture.size.height, size.width, size.height),
                          "bad_desk_answer"};
    co_return ToolResult{.text = {}, .picture = std::move(picture), .is_error = false};
}

Task<ToolResult> screenshot(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Pointing> shape{};
    decode_input(shape, name, input);
    Object wish{{"format", "png"}};
    if (bench.picture != bench.desk.screen()) {
        wish["width"] = bench.picture.width;
        wish["height"] = bench.picture.height;
    }
    co_return co_await look(bench, "screen/screenshot", std::move(wish), bench.picture);
}

struct Region {
    std::vector<int> region;
};

/// A part of the screen in the screen's own pixels, enlarged (or reduced) to what the model takes.
Task<ToolResult> zoom(const Bench& bench, std::string name, Object input, std::string) {
    static const Shape<Region> shape{field("region", &Region::region, "[x0, y0, x1, y1]")};
    const auto region = decode_input(shape, name, input).region;
    if (region.size() != 4)
        refuse_action(fmt::format("region must be [x0, y0, x1, y1], but has {} numbers", region.size()));
    const auto map = bench.map();
    const auto from = map.corner_to_screen({region[0], region[1]});
    const auto to = map.corner_to_screen({region[2], region[3]});
    if (!from || !to)
        refuse_action(
            fmt::format("region [{}, {}, {}, {}] is out of bounds: the screenshot is {} wide and {} high",
                        region[0], region[1], region[2], region[3], map.picture.width, map.picture.height));
    if (from->x >= to->x || from->y >= to->y)
        refuse_action("region must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1");
    const auto size = fit_inside({to->x - from->x, to->y - from->y}, map.picture);
    Object wish{{"x0", from->x},   {"y0", from->y},       {"x1", to->x},          {"y1", to->y},
                {"format", "png"}, {"width", size.width}, {"height", size.height}};
    co_return co_await look(bench, "screen/zoom", std::move(wish), size);
}

struct Member {
    std::string_view name;
    Task<ToolResult> (*run)(const Bench&, std::string name, Object input, std::string done);
    std::string_view done;  ///< the vendor's text for success, where it is fixed
};

constexpr std::array members{
    Member{"screenshot", screenshot, ""},
    Member{"cursor_position", cursor_position, ""},
    Member{"mouse_move", mouse_move, "Moved the mouse."},
    Member{"left_click", click, "Clicked."},
    Member{"right_click", click, "Right-clicked."},
    Member{"middle_click", click, "Middle-clicked."},
    Member{"double_click", click, "Double-clicked."},
    Member{"triple_click", click, "Triple-clicked."},
    Member{"left_click_drag", drag, "Dragged."},
    Member{"left_mouse_down", press_button, "Left mouse button pressed."},
    Member{"left_mouse_up", press_button, "Left mouse button released."},
    Member{"scroll", scroll, ""},
    Member{"key", key, ""},
    Member{"type", type, "Typed."},
    Member{"hold_key", hold_key, ""},
    Member{"wait", wait, ""},
    Member{"zoom", zoom, ""},
};

const Member* find_member(std::string_view name) {
    const auto* const found = std::ranges::find(members, name, &Member::name);
    return found == members.end() ? nullptr : found;
}

}  // namespace

bool is_computer_member(std::string_view name) { return find_member(name) != nullptr; }

Task<ToolResult> run_computer(const Bench& bench, std::string name, json::Object input) {
    const auto& member = *find_member(name);
    return member.run(bench, std::move(name), std::move(input), std::string{member.done});
}

}  // namespace carrel::agent
