#include "desk/desktop/behind.hpp"

#include <utility>

#include "async/scope.hpp"

namespace carrel::desk::desktop {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often a window that shows nothing is looked at.
constexpr auto look_pause = 20ms;
/// How long a window is awaited that others say is being opened.
constexpr auto opening_time = 1s;

struct Watch {
    bool is_blank() const { return popups->is_blank(since, Clock::now()); }

    static async::Task<> look(std::shared_ptr<Watch> self) {
        for (;;) {
            co_await async::pause(look_pause);
            if (!self->is_blank()) continue;
            co_await self->popups->look();
            self->changed();
        }
    }

    const std::shared_ptr<screen::Popups> popups;
    std::function<void()> changed = [] {};
    const screen::Time since = Clock::now();
};

class Behind : public screen::Loading {
public:
    Behind(async::Executor executor, std::shared_ptr<screen::Popups> popups, std::unique_ptr<Loading> others)
        : watch_{std::make_shared<Watch>(std::move(popups))},
          others_{std::move(others)},
          scope_{std::move(executor)} {}
    ~Behind() override {
        watch_->changed = [] {};
    }
    Behind(const Behind&) = delete;
    Behind& operator=(const Behind&) = delete;

    void begin() override {
        begun_at_ = Clock::now();
        scope_.start("looking at windows that open", Watch::look(watch_));
        if (others_) others_->begin();
    }

    State state() const override {
        auto state = others_ ? others_->state() : State{};
        const bool is_opening = state.opens_window && Clock::now() < begun_at_ + opening_time &&
                                !watch_->popups->has_opened(watch_->since);
        state.goes_on |= is_opening || watch_->is_blank();
        return state;
    }

    void on_change(std::function<void()> changed) override {
        watch_->changed = changed;
        if (others_) others_->on_change(std::move(changed));
    }

private:
    std::shared_ptr<Watch> watch_;
    std::unique_ptr<Loading> others_;
    screen::Time begun_at_{};
    async::Scope scope_;
};

}  // namespace

std::unique_ptr<screen::Loading> watch_behind(async::Executor executor,
                                              std::shared_ptr<screen::Popups> popups,
                                              std::unique_ptr<screen::Loading> others) {
    return std::make_unique<Behind>(std::move(executor), std::move(popups), std::move(others));
}

}  // namespace carrel::desk::desktop
