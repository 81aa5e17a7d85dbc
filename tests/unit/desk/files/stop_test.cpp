// Long work on files ends when nobody waits for it any more.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "async/scope.hpp"
#include "desk/files/walk.hpp"
#include "rest/bindings.hpp"
#include "tests/unit/desk/files/client.hpp"

using namespace carrel;
using namespace carrel::files_test;

namespace {

/// Work without an end of its own.
class Endless {
public:
    struct Seen {
        std::atomic<int> slices = 0;
        std::atomic<bool> has_ended = false;
        std::thread::id ended_on;
    };
    explicit Endless(Seen& seen) : seen_{seen} {}
    ~Endless() {
        seen_.ended_on = std::this_thread::get_id();
        seen_.has_ended = true;
    }
    bool run(desk::files::Moment) {
        ++seen_.slices;
        return false;
    }

private:
    Seen& seen_;
};

/// A directory of `count` files, which are one: setting it up costs next to nothing.
void make_many(const fs::path& folder, int count) {
    fs::create_directories(folder);
    put(folder / "0", "text");
    for (int i = 1; i < count; ++i) fs::create_hard_link(folder / "0", folder / std::to_string(i));
}

std::ptrdiff_t entries(const fs::path& folder) {
    return fs::exists(folder) ? std::distance(fs::directory_iterator{folder}, {}) : 0;
}

/// Calls the operation and lets it go when its first slice is under way, which is then the last one.
Task<> break_off(Files& files, async::Executor executor, std::string name, json::Object body) {
    net::Request request;
    request.body = net::make_source(json::to_text(body));
    const auto bindings = desk::files::bind_folders(files);
    const auto binding = std::ranges::find(bindings, name, &rest::Binding::name);
    bool has_answered = false;
    const auto ask = [&]() -> Task<> {
        co_await binding->handler(request);
        has_answered = true;
    };
    async::Job job{executor, name, ask()};
    while (!request.may_be_dropped && job.is_running()) co_await async::yield_turn();
    co_await job.close();
    CHECK(request.may_be_dropped);
    CHECK_FALSE(has_answered);
    // The pool has one thread: when it has a turn for this, the slice is over and its work let go, and at the
    // next one that has been cleared up.
    co_await async::run_on(files.pool(), [] {});
    co_await async::run_on(files.pool(), [] {});
}

}  // namespace

TEST_CASE("work in slices ends when the one who asked for it goes away, and the pool clears it up") {
    async::Pool pool{1};
    Endless::Seen seen;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        const auto work = [&]() -> Task<> {
            co_await desk::files::run_in_slices(pool,
                                                desk::files::ended_by(pool, std::make_unique<Endless>(seen)));
        };
        async::Job job{executor, "work", work()};
        while (seen.slices < 3) co_await async::yield_turn();
        co_await job.close();
    });
    pool.join();
    CHECK(seen.has_ended);
    CHECK(seen.ended_on != std::this_thread::get_id());
}

TEST_CASE("a copy that is broken off leaves whole files, and directories that can be used") {
    on_loop([](Files& files, async::Executor executor, fs::path folder) -> Task<> {
        constexpr int count = 5000;
        make_many(folder / "from", count);
        fs::permissions(folder / "from", fs::perms{0751});
        co_await break_off(files, executor, "file/copy", {{"from", "from"}, {"to", "to"}});
        CHECK(fs::status(folder / "to").permissions() == fs::perms{0751});
        CHECK(entries(folder / "to") < count);
        for (const auto& entry : fs::directory_iterator{folder / "to"}) {
            CHECK_FALSE(entry.path().filename().string().starts_with(".carrel"));
            CHECK(text_of(entry) == "text");
        }
        CHECK(entries(folder / "from") == count);
    });
}

TEST_CASE("deleting that is broken off leaves the rest") {
    on_loop([](Files& files, async::Executor executor, fs::path folder) -> Task<> {
        constexpr int count = 20'000;
        make_many(folder / "many", count);
        co_await break_off(files, executor, "file/delete", {{"path", "many"}, {"recursive", true}});
        CHECK(entries(folder / "many") > 0);
    });
}

TEST_CASE("a search that is broken off ends") {
    on_loop([](Files& files, async::Executor executor, fs::path folder) -> Task<> {
        make_many(folder / "many", 5000);
        put(folder / "many" / "0", std::string(100'000, '\n'));
        co_await break_off(files, executor, "file/grep", {{"pattern", "x"}, {"path", "many"}});
    });
}
