#include "desk/desktop/observe.hpp"

#include <boost/asio/this_coro.hpp>

#include "async/task.hpp"
#include "core/text.hpp"
#include "desk/desktop/behind.hpp"
#include "desk/screen/watch.hpp"
#include "rest/answers.hpp"

namespace carrel::desk::desktop {

namespace {

using std::chrono::milliseconds;

Task<> take_picture(Desktop& desktop) { co_await desktop.screen.shoot(ops::PictureOptions{}); }

Task<std::string_view> wait_as_wished(Desktop& desktop, screen::Watch& watch, screen::Loading* loading,
                                      const ops::Observe& wish) {
    if (wish.observe == "wait") {
        co_await async::pause(milliseconds{wish.wait_ms});
        watch.catch_up();
        co_return "waited";
    }
    // A picture that is taken while the screen is still being watched is the one that is wanted afterwards,
    // if nothing changes any more: the screen keeps it.
    std::function<Task<>()> prepare;
    if (wish.screenshot.value_or(true)) prepare = [&desktop] { return take_picture(desktop); };
    const screen::SettleTimes times{milliseconds{wish.first_change_ms}, milliseconds{wish.quiet_ms},
                                    milliseconds{wish.limit_ms}};
    co_return screen::name_of(co_await watch.settle(times, std::move(prepare), loading));
}

json::Object changes_of(const screen::Watch& watch, const Scene& before, const Scene& after) {
    json::Object changes{{"screen", watch.region().has_value()}};
    if (const auto& region = watch.region())
        changes["region"] =
            json::Object{{"x0", region->x0}, {"y0", region->y0}, {"x1", region->x1}, {"y1", region->y1}};
    for (auto& member : differences(before, after)) changes[member.key()] = std::move(member.value());
    return changes;
}

}  // namespace

Task<> add_screen(Desktop& desktop, json::Object& answer) {
    const auto picture = co_await desktop.screen.shoot(ops::PictureOptions{});
    answer["image"] = core::to_base64(picture->bytes);
    answer["width"] = picture->size.width;
    answer["height"] = picture->size.height;
}

Task<net::Response> act(std::shared_ptr<Desktop> desktop, ops::Observe wish, Task<> action,
                        std::string output) {
    co_return rest::json_answer(
        co_await act_and_describe(std::move(desktop), std::move(wish), std::move(action), std::move(output)));
}

Task<json::Object> act_and_describe(std::shared_ptr<Desktop> desktop, ops::Observe wish, Task<> action,
                                    std::string output) {
    json::Object answer{{"success", true}, {"output", output}};
    const bool is_observed = wish.observe != "none";
    if (is_observed) {
        const auto before = co_await desktop->surroundings.look();
        std::unique_ptr<screen::Loading> loading;
        if (wish.observe == "settled") {
            const auto executor = co_await boost::asio::this_coro::executor;
            loading = watch_behind(executor, {desktop, &desktop->popups}, co_await desktop->watch_loading());
        }
        screen::Watch watch{desktop->watching};
        co_await std::move(action);
        co_await desktop->connection.sync();
        if (loading) loading->begin();
        answer["observed"] = co_await wait_as_wished(*desktop, watch, loading.get(), wish);
        answer["changes"] = changes_of(watch, before, co_await desktop->surroundings.look());
    } else {
        co_await std::move(action);
        co_await desktop->connection.sync();
    }
    if (wish.screenshot.value_or(is_observed)) co_await add_screen(*desktop, answer);
    co_return answer;
}

}  // namespace carrel::desk::desktop
