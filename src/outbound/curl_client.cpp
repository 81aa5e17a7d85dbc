#include "outbound/curl_client.hpp"

#include <signal.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/sys.hpp"
#include "outbound/transfer.hpp"

namespace carrel::outbound {

using TransferRef = std::shared_ptr<Transfer>;

/// The curl thread and its queue. The queue is the only thing under the mutex.
class CurlClient::Engine {
public:
    explicit Engine(async::Executor loop) : loop_{std::move(loop)} {
        static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        multi_ = curl_multi_init();
        if (ready != CURLE_OK || !multi_) throw core::Error{core::Code::internal, "libcurl does not start"};
        // Without the descriptors that wake it the thread would hear of nothing, not of its end either.
        if (curl_multi_wakeup(multi_) != CURLM_OK) {
            curl_multi_cleanup(multi_);
            throw core::system_error("start outgoing calls", EMFILE);
        }
        start_thread();
    }
    ~Engine() {
        enqueue([this] { is_stopping_ = true; });
        thread_.join();
        curl_multi_cleanup(multi_);
    }

    const async::Executor& loop() const { return loop_; }

    void start(TransferRef transfer) {
        enqueue([this, transfer] {
            if (is_stopping_ || curl_multi_add_handle(multi_, transfer->handle()) != CURLM_OK)
                return transfer->fail(
                    {core::Code::unavailable, "the server is shutting down", "connection_error"});
            running_.emplace(transfer->handle(), transfer);
        });
    }
    void resume(TransferRef transfer) {
        enqueue([this, transfer] {
            if (running_.contains(transfer->handle())) transfer->resume();
        });
    }
    void abort(TransferRef transfer) {
        enqueue([this, transfer] { remove(transfer->handle()); });
    }

private:
    using Work = std::function<void()>;

    void start_thread() {
        // Signals are the loop's; SIGPIPE is nobody's.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread{[this] { run(); }};
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void enqueue(Work work) {
        {
            const std::lock_guard lock{mutex_};
            queue_.push_back(std::move(work));
        }
        curl_multi_wakeup(multi_);
    }

    void run() {
        while (!is_stopping_) {
            run_queue();
            int count = 0;
            curl_multi_perform(multi_, &count);
            collect_ended();
            drop_silent();
            if (!is_stopping_) curl_multi_poll(multi_, nullptr, 0, pause_length(), nullptr);
        }
        for (const auto& [handle, transfer] : std::exchange(running_, {})) {
            curl_multi_remove_handle(multi_, handle);
            transfer->fail({core::Code::unavailable, "the server is shutting down", "connection_error"});
        }
    }

    void run_queue() {
        std::vector<Work> work;
        {
            const std::lock_guard lock{mutex_};
            work.swap(queue_);
        }
        for (const auto& item : work) item();
    }

    void collect_ended() {
        int left = 0;
        while (const auto* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const auto result = message->data.result;
            const auto found = running_.find(message->easy_handle);
            if (found == running_.end()) continue;
            found->second->finish(result);
            remove(found->first);
        }
    }

    void drop_silent() {
        const auto now = Transfer::Clock::now();
        std::vector<CURL*> silent;
        for (const auto& [handle, transfer] : running_)
            if (transfer->check_silence(now)) silent.push_back(handle);
        for (auto* handle : silent) remove(handle);
    }

    /// Removing a handle that still runs closes its connection: the other side sees the end.
    void remove(CURL* handle) {
        const auto found = running_.find(handle);
        if (found == running_.end()) return;
        curl_multi_remove_handle(multi_, handle);
        running_.erase(found);
    }

    /// Until the next silence can be complete; curl wakes by itself for its own timers.
    int pause_length() const {
        auto next = Transfer::Clock::now() + std::chrono::hours{1};
        for (const auto& [handle, transfer] : running_) next = std::min(next, transfer->silent_at());
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Transfer::Clock::now()).count();
        return static_cast<int>(std::max<decltype(wait)>(wait, 0));
    }

    const async::Executor loop_;
    CURLM* multi_ = nullptr;
    std::mutex mutex_;
    std::vector<Work> queue_;
    std::thread thread_;

    // Only the curl thread touches these.
    bool is_stopping_ = false;
    std::map<CURL*, TransferRef> running_;
};

namespace {

/// The body of a reply; owns the transfer's right to go on.
template <class Engine>
class Body final : public net::Source {
public:
    Body(std::weak_ptr<Engine> engine, TransferRef transfer)
        : engine_{std::move(engine)}, transfer_{std::move(transfer)} {}
    ~Body() override {
        if (const auto engine = engine_.lock()) engine->abort(transfer_);
    }

    Task<std::size_t> read(std::span<char> into) override {
        auto& arrival = transfer_->arrival;
        while (arrival.pieces.empty() && !arrival.is_over) co_await arrival.changed.wait();
        std::size_t count = 0;
        const bool may_resume = transfer_->take(into, count);
        if (const auto engine = engine_.lock(); engine && may_resume) engine->resume(transfer_);
        if (count == 0 && arrival.failure) throw core::Error{*arrival.failure};
        co_return count;
    }

private:
    std::weak_ptr<Engine> engine_;
    TransferRef transfer_;
};

}  // namespace

CurlClient::CurlClient(async::Executor loop) : engine_{std::make_shared<Engine>(std::move(loop))} {}
CurlClient::~CurlClient() = default;

Task<Reply> CurlClient::send(Call call) {
    check(call);
    const auto transfer = std::make_shared<Transfer>(engine_->loop(), std::move(call));
    auto body = std::make_unique<Body<Engine>>(engine_, transfer);
    engine_->start(transfer);
    auto& arrival = transfer->arrival;
    while (!arrival.has_head && !arrival.is_over) co_await arrival.changed.wait();
    if (!arrival.has_head && arrival.failure) throw core::Error{*arrival.failure};
    if (!arrival.has_head)
        throw core::Error{core::Code::unavailable, "the other side ended the call without an answer",
                          "connection_error"};
    co_return Reply{arrival.status, std::move(arrival.headers), std::move(body)};
}

}  // namespace carrel::outbound
