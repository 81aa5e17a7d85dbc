#include "agent/watched.hpp"

#include <array>
#include <exception>
#include <utility>

namespace carrel::agent {

namespace {

class WatchedModel final : public Model {
public:
    WatchedModel(std::unique_ptr<Model> inner, CallObserver observer)
        : inner_{std::move(inner)}, observer_{std::move(observer)} {}

    Task<Answer> answer(Question question, Progress& progress) override {
        const auto began = std::chrono::steady_clock::now();
        EndedCall call;
        std::exception_ptr failure;
        try {
            auto answer = co_await inner_->answer(std::move(question), progress);
            call.took = std::chrono::steady_clock::now() - began;
            call.usage = answer.usage;
            observer_(call);
            co_return answer;
        } catch (...) {
            failure = std::current_exception();
        }
        call.outcome =
            async::is_cancellation(failure) ? EndedCall::Outcome::cancelled : EndedCall::Outcome::failed;
        call.took = std::chrono::steady_clock::now() - began;
        observer_(call);
        std::rethrow_exception(failure);
    }
    Size picture_size(Size screen) const override { return inner_->picture_size(screen); }
    std::size_t most_pictures() const override { return inner_->most_pictures(); }
    std::size_t most_history_bytes() const override { return inner_->most_history_bytes(); }

private:
    std::unique_ptr<Model> inner_;
    CallObserver observer_;
};

}  // namespace

std::string_view name_of(EndedCall::Outcome outcome) {
    constexpr std::array<std::string_view, 3> names{"answered", "failed", "cancelled"};
    return names[std::to_underlying(outcome)];
}

std::unique_ptr<Model> watched(std::unique_ptr<Model> model, CallObserver observer) {
    return std::make_unique<WatchedModel>(std::move(model), std::move(observer));
}

}  // namespace carrel::agent
