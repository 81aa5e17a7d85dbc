#include "desk/observe.hpp"

#include "core/text.hpp"

namespace carrel::desk {

Task<> add_screen(Desktop& desktop, json::Object& answer) {
    const auto picture =
        co_await desktop.screen.shoot(plan_shot(desktop.screen.size(), ops::PictureOptions{}));
    answer["image"] = core::to_base64(picture->bytes);
    answer["width"] = picture->size.width;
    answer["height"] = picture->size.height;
}

Task<net::Response> act(std::shared_ptr<Desktop> desktop, ops::Observe wish, Task<> action,
                        std::string output) {
    json::Object answer{{"success", true}, {"output", output}};
    const bool is_observed = wish.observe == "settled";
    if (is_observed) {
        Damage::Watch watch{desktop->damage};
        co_await std::move(action);
        co_await desktop->connection.sync();
        const auto observed = co_await watch.settle({std::chrono::milliseconds{wish.first_change_ms},
                                                     std::chrono::milliseconds{wish.quiet_ms},
                                                     std::chrono::milliseconds{wish.limit_ms}});
        answer["observed"] = name_of(observed);
    } else {
        co_await std::move(action);
        co_await desktop->connection.sync();
    }
    if (wish.screenshot.value_or(is_observed)) co_await add_screen(*desktop, answer);
    co_return json_answer(answer);
}

}  // namespace carrel::desk
