// Deleting what there is: in steps, giving room back, also when there is none left.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "core/error.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"
#include "tests/unit/store/pictures.hpp"
#include "tests/unit/store/rows.hpp"

using namespace carrel;
using async::Task;
using fakes::error_of;
using fakes::run_loop;
using fakes::TempDir;
using store::add_session;
using store::Store;
using store::Transaction;

namespace {

/// A session of some 16 MB.
Task<> add_large_session(Store& store, std::string id) {
    co_await add_session(store, id);
    for (int i = 0; i < 40; ++i)
        co_await store.run([id](Transaction& t) {
            for (int j = 0; j < 20; ++j) {
                t.append_event(id, "text", std::string(10'000, 'e'));
                t.append_message(id, std::string(10'000, 'm'));
            }
            t.append_message(id, store::picture_message('a'));
        });
}

Task<std::int64_t> count_sessions(Store& store) {
    const auto page = co_await store.run([](Transaction& t) { return t.list_sessions("local", true, 1, 0); });
    co_return page.total;
}

/// Nothing can be set aside there from now on, as on a full disk.
void take_reserve(const TempDir& dir) {
    std::filesystem::remove(dir / "reserve");
    std::filesystem::create_directory(dir / "reserve");
}

}  // namespace

TEST_CASE("a purge goes in steps between which others work, and the file becomes smaller") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_large_session(store, "large");
        co_await add_session(store, "other");
        async::Scope scope{executor};
        scope.start("purge", store.purge("large", {}));
        co_await async::yield_turn();
        // What is asked after its beginning does not wait for its end.
        CHECK(co_await count_sessions(store) == 1);
        CHECK(scope.size() == 1);
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK_FALSE(co_await store.run([](Transaction& t) { return t.find_session("large").has_value(); }));
        co_await store.close();
    });
    CHECK(std::filesystem::file_size(dir / "carrel.db") < std::size_t{4} << 20);
}

TEST_CASE("a purge that was cut is no session any more, and is finished at the next start") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_large_session(store, "large");
        co_await store.run([](Transaction& t) { t.set_turn("large", "msg_1", {}); });
        co_await store.run([](Transaction& t) { t.begin_purge("large", {}); });
        CHECK(co_await store.run([](Transaction& t) { return t.purge_some("large"); }));
        CHECK(co_await count_sessions(store) == 0);
        CHECK((co_await store.run([](Transaction& t) { return t.find_session("large").value(); })).is_purged);
        CHECK((co_await store.run([](Transaction& t) { return t.sessions_with_turn(); })).empty());
        co_await store.close();
    });
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await store.catch_up();
        CHECK_FALSE(co_await store.run([](Transaction& t) { return t.find_session("large").has_value(); }));
        co_await store.close();
    });
    CHECK(std::filesystem::is_empty(dir / "blobs") == false);
    for (const auto& folder : std::filesystem::directory_iterator{dir / "blobs"})
        CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("what was set aside is for those alone who make room or tell of an end") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        {
            Store store{executor, {dir.path()}};
            co_await add_large_session(store, "large");
            co_await add_session(store, "s1");
            co_await store.check();
            co_await store.close();
        }
        take_reserve(dir);
        Store store{executor, {dir.path()}};
        CHECK((co_await error_of(store.check())).reason() == "disk_full");
        const auto error =
            co_await error_of(store.run([](Transaction& t) { t.append_event("s1", "text", "{}"); }));
        CHECK(error.reason() == "disk_full");
        CHECK(error.code() == core::Code::exhausted);
        CHECK(co_await count_sessions(store) == 2);
        co_await store.run([](Transaction& t) { t.set_desk_removed("d1"); });
        co_await store.purge("large", {});
        CHECK(co_await count_sessions(store) == 1);

        std::filesystem::remove(dir / "reserve");
        co_await store.check();
        CHECK(co_await store.run([](Transaction& t) { return t.append_event("s1", "text", "{}"); }) == 1);
        co_await store.close();
    });
}

TEST_CASE("the store says that there is no room beside what is set aside") {
    TempDir dir;
    std::filesystem::create_directory(dir / "reserve.probe");
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        CHECK((co_await error_of(store.check())).reason() == "disk_full");
        co_await store.close();
    });
}

TEST_CASE("what fails after a commit does not make its works run again") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await add_session(store, "s2");
        // A file of that name cannot be removed, nor named.
        store::sql::open_sqlite(dir / "carrel.db")
            ->execute(
                "INSERT INTO blobs (session_id, hash, principal, media_type, size) "
                "VALUES ('s1', 'no hash', 'local', 'image/png', 1)");
        auto event = store.run([](Transaction& t) { return t.append_event("s2", "text", "{}"); });
        auto purge = store.run([](Transaction& t) { t.purge_session("s1"); });
        CHECK(co_await std::move(event) == 1);
        co_await std::move(purge);
        const auto events = co_await store.run([](Transaction& t) { return t.events_after("s2", 0, -1); });
        CHECK(events.size() == 1);
        co_await store.close();
    });
}
