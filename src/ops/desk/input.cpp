#include "ops/desk/input.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr double longest_input_pause = 300;
constexpr std::size_t longest_chord = 200;
constexpr std::size_t longest_typing = 100'000;
constexpr auto held = R"(keys held meanwhile, such as "ctrl+shift")";

json::Rule chord_length() { return length_between(1, longest_chord); }

constexpr std::array input_table{
    Operation{
        .name = "mouse/click",
        .method = "POST",
        .request = Body::json,
        .summary = "Clicks once, twice or three times, at a place or where the pointer is.",
        .request_schema = schema<click_shape>,
        .answer = observed_answer,
        .example = R"({"button":"left_click","coordinate":{"x":512,"y":384}})",
    },
    Operation{
        .name = "mouse/move",
        .method = "POST",
        .request = Body::json,
        .summary = "Moves the pointer.",
        .request_schema = schema<move_shape>,
        .answer = observed_answer,
        .example = R"({"coordinate":{"x":0,"y":0},"observe":"none"})",
    },
    Operation{
        .name = "mouse/drag",
        .method = "POST",
        .request = Body::json,
        .summary = "Presses the left button at one place and releases it at another, with motion between.",
        .request_schema = schema<drag_shape>,
        .answer = observed_answer,
        .example =
            R"({"start_coordinate":{"x":300,"y":300},"end_coordinate":{"x":500,"y":400},"screenshot":false})",
    },
    Operation{
        .name = "mouse/down",
        .method = "POST",
        .request = Body::json,
        .summary = "Presses a button where the pointer is; it stays down.",
        .request_schema = schema<press_button_shape>,
        .answer = observed_answer,
        .example = R"({"button":"left","observe":"none"})",
    },
    Operation{
        .name = "mouse/up",
        .method = "POST",
        .request = Body::json,
        .summary = "Releases a button where the pointer is.",
        .request_schema = schema<press_button_shape>,
        .answer = observed_answer,
        .example = R"({"button":"left","observe":100,"screenshot":false})",
    },
    Operation{
        .name = "mouse/scroll",
        .method = "POST",
        .request = Body::json,
        .summary = "Turns the wheel.",
        .request_schema = schema<scroll_shape>,
        .answer = observed_answer,
        .example = R"({"direction":"down","amount":3,"coordinate":{"x":512,"y":384},"screenshot":false})",
    },
    Operation{
        .name = "keyboard/key",
        .method = "POST",
        .request = Body::json,
        .summary = "Presses keys, such as ctrl+c; several chords stand apart by spaces. Names of X11, of "
                   "xdotool, of browsers and what people write for them, in any case; all keys go up again.",
        .request_schema = schema<press_key_shape>,
        .answer = observed_answer,
        .example = R"({"key":"Escape"})",
    },
    Operation{
        .name = "keyboard/type",
        .method = "POST",
        .request = Body::json,
        .summary = "Types text, whatever the keyboard's layout: any character of Unicode; a line feed is the "
                   "Return key, a tab the Tab key, other control characters are refused. Keys that are stuck "
                   "are released first. What the keyboard lacks is typed by spare keys, or pasted where that "
                   "alone is safe; the clipboard has its former content afterwards.",
        .request_schema = schema<type_text_shape>,
        .answer = observed_answer,
        .example = R"({"text":"Grüße, 你好!","screenshot":false})",
    },
    Operation{
        .name = "keyboard/hold_key",
        .method = "POST",
        .request = Body::json,
        .summary = "Holds keys down for a time, or until the client goes away.",
        .request_schema = schema<hold_key_shape>,
        .answer = observed_answer,
        .example = R"({"key":"shift","duration":0.1,"observe":"none"})",
        .ends_with_client = true,
    },
};

}  // namespace

std::span<const Operation> input_rows() { return input_table; }

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
        with({field("text", &TypeText::text, "what is typed; at most 100,000 characters",
                    length_between(1, longest_typing))},
             observing<TypeText>())};
    return shape;
}

const Shape<HoldKey>& hold_key_shape() {
    static const Shape<HoldKey> shape{
        with({field("key", &HoldKey::key, "a chord", chord_length()),
              field("duration", &HoldKey::duration, "seconds", between(0, longest_input_pause))},
             observing<HoldKey>())};
    return shape;
}

}  // namespace carrel::ops
