#include "async/scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <list>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace carrel::async {

struct Scope::State {
    struct Running {
        boost::asio::cancellation_signal signal;
        bool has_ended = false;
    };

    explicit State(Executor loop) : executor{loop}, changed{loop} {}

    Executor executor;
    std::list<Running> running;
    Gate changed;
    bool is_cancelling = false;

    /// A signal must outlive its own emission, so nothing is erased while cancel() runs.
    void sweep() {
        if (is_cancelling) return;
        std::erase_if(running, [](const Running& task) { return task.has_ended; });
        changed.notify_all();
    }

    void cancel() {
        is_cancelling = true;
        for (auto& task : running)
            if (!task.has_ended) task.signal.emit(boost::asio::cancellation_type::terminal);
        is_cancelling = false;
        sweep();
    }
};

Scope::Scope(Executor executor) : state_{std::make_shared<State>(std::move(executor))} {}

Scope::~Scope() { state_->cancel(); }

void Scope::start(std::string name, Task<> task) {
    auto& entry = state_->running.emplace_back();
    // The entry lives until has_ended is set here: it is in a list that only sweep() shortens.
    auto ended = [state = state_, &entry, name = std::move(name)](std::exception_ptr failure) {
        if (failure && !is_cancellation(failure))
            core::log_error("{} failed: {}", name, core::message_of(failure));
        entry.has_ended = true;
        state->sweep();
    };
    boost::asio::co_spawn(state_->executor, std::move(task),
                          boost::asio::bind_cancellation_slot(entry.signal.slot(), std::move(ended)));
}

void Scope::cancel() { state_->cancel(); }

Task<> Scope::close() {
    const auto state = state_;
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    state->cancel();
    while (!state->running.empty()) co_await state->changed.wait();
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_terminal_cancellation());
}

std::size_t Scope::size() const { return state_->running.size(); }

}  // namespace carrel::async
