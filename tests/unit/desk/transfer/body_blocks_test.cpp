#include "desk/transfer/body_blocks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::desk::transfer;

namespace {

/// Gives one block; then it waits for ever, as a connection does, and fails when it is cancelled.
class StallingBody final : public net::Source {
public:
    explicit StallingBody(async::Executor executor) : never_{std::move(executor)} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (std::exchange(has_given_, true)) co_await never_.wait();
        co_return into.size();
    }

private:
    async::Gate never_;
    bool has_given_ = false;
};

}  // namespace

TEST_CASE("what is wrong with a block is told as it is, also while the next one is being read") {
    async::Pool pool{1};
    fakes::run_loop([&pool](async::Executor executor) -> Task<> {
        StallingBody body{executor};
        std::string told;
        try {
            co_await for_each_block(body, std::nullopt, pool, [](std::string_view) {
                throw core::Error{core::Code::invalid, "this is no tar"};
            });
        } catch (const core::Error& error) {
            told = error.message();
        }
        CHECK(told == "this is no tar");
    });
    pool.join();
}

TEST_CASE("every block is used, in order, and the last may be short") {
    async::Pool pool{1};
    fakes::run_loop([&pool](async::Executor) -> Task<> {
        std::string text;
        for (std::size_t i = 0; i < 2 * body_block + 5; ++i) text += static_cast<char>('a' + i % 23);
        const auto body = net::make_source(text);
        std::string seen;
        co_await for_each_block(*body, text.size(), pool, [&seen](std::string_view block) { seen += block; });
        CHECK(seen == text);
    });
    pool.join();
}
