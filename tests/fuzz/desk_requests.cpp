// The desk's requests: any bytes as a body, a query, a chord, a text to type or an address are decoded
// or refused; what is accepted keeps its promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.hpp"
#include "desk/browser/browser.hpp"
#include "desk/input/keymap.hpp"
#include "desk/input/keys.hpp"
#include "desk/screen/screen.hpp"
#include "json/query.hpp"
#include "ops/desk/batch.hpp"
#include "ops/desk/browser.hpp"
#include "ops/desk/files.hpp"
#include "ops/desk/input.hpp"
#include "ops/desk/screen.hpp"
#include "ops/desk/system.hpp"
#include "ops/desk/terminal.hpp"
#include "ops/desk/windows.hpp"
#include "rest/requests.hpp"

namespace {

using namespace carrel;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_shot(const json::Value& value) {
    auto wish = ops::region_screenshot_shape().decode(value);
    if (!wish) return;
    try {
        const auto shot = desk::picture::plan_shot({1280, 800}, *wish);
        require(shot.size.width >= 1 && shot.size.width <= 16384 && shot.size.height >= 1 &&
                shot.size.height <= 16384);
        require(shot.region.x0 >= 0 && shot.region.x1 <= 1280 && shot.region.x0 < shot.region.x1);
        require(shot.region.y0 >= 0 && shot.region.y1 <= 800 && shot.region.y0 < shot.region.y1);
    } catch (const rest::Unprocessable&) {
    }
}

void decode_body(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) return;
    (void)ops::click_shape().decode(*value);
    (void)ops::drag_shape().decode(*value);
    (void)ops::scroll_shape().decode(*value);
    (void)ops::press_key_shape().decode(*value);
    (void)ops::type_text_shape().decode(*value);
    (void)ops::hold_key_shape().decode(*value);
    (void)ops::execute_shape().decode(*value);
    (void)ops::view_file_shape().decode(*value);
    (void)ops::insert_in_file_shape().decode(*value);
    if (const auto batch = ops::batch_shape().decode(*value))
        for (const auto& action : batch->actions) {
            const auto* row = ops::find_batch_operation(action);
            require(!row || ops::is_batchable(*row));
            if (action.input) (void)json::query_text(*action.input);
        }
    (void)ops::parse_window_id(*value);
    check_shot(*value);
}

void decode_query(std::string_view text) {
    net::Request request;
    if (!net::set_target(request, "/screen/screenshot?" + std::string{text})) return;
    try {
        const auto wish = rest::decode_query(request, ops::screenshot_shape());
        require(!wish.format || wish.format == "png" || wish.format == "jpeg" || wish.format == "webp");
        require(!wish.quality || (*wish.quality >= 1 && *wish.quality <= 100));
    } catch (const rest::Unprocessable&) {
    }
}

void decode_keys(std::string_view text) {
    if (const auto chords = desk::input::parse_chords(text))
        for (const auto& chord : *chords) require(!chord.empty());
    if (const auto url = desk::browser::parse_url(text)) require(!url->front().starts_with('-'));
    const auto keysyms = desk::input::keysyms_of(text);
    if (!keysyms) return;
    require(keysyms->size() <= core::count_characters(text));
    desk::input::Keymap keymap{8, 2, {'a', 'A', 0, 0, 0, 0}};
    std::size_t strokes = 0;
    for (const auto& batch : keymap.plan(*keysyms)) strokes += batch.strokes.size();
    require(strokes == keysyms->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    decode_body(text);
    decode_query(text);
    decode_keys(text);
    return 0;
}
