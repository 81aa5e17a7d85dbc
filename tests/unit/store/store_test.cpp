#include "store/store.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"
#include "tests/unit/store/rows.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::error_of;
using fakes::run_loop;
using fakes::TempDir;
using store::add_session;
using store::session_row;
using store::Store;
using store::Transaction;

namespace {

store::DeskRow desk_row(std::string id, std::string session_id, unsigned slot) {
    store::DeskRow row;
    row.id = std::move(id);
    row.session_id = std::move(session_id);
    row.principal = "local";
    row.reservation = slot;
    row.shape.image = "desktop";
    row.nonce = "n";
    row.shape.width = 1024;
    row.shape.height = 768;
    return row;
}

Task<std::int64_t> add_event(Store& store, std::string session, std::string data) {
    co_return co_await store.run([=](Transaction& t) { return t.append_event(session, "text", data); });
}

}  // namespace

TEST_CASE("what was stored is there after the store was opened again") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await store.run([](Transaction& t) {
            auto row = session_row("s1");
            row.title = "First";
            t.insert_session(row);
            t.insert_desk(desk_row("d1", "s1", 3));
            t.set_desk_state("d1", store::DeskState::failed, "killed", "somebody killed it");
            t.append_message("s1", R"({"role":"user",  "content":"byte for byte"})");
            t.append_event("s1", "text", "{}");
        });
        co_await store.close();
    });
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        const auto row = co_await store.run([](Transaction& t) { return t.find_session("s1").value(); });
        CHECK(row.title == "First");
        CHECK(row.desk.id == "d1");
        CHECK(row.desk.state == store::DeskState::failed);
        CHECK(row.desk.reason == "somebody killed it");
        CHECK(row.desk.reservation == 3);
        const auto messages = co_await store.run([](Transaction& t) { return t.messages("s1"); });
        REQUIRE(messages.size() == 1);
        CHECK(messages[0] == R"({"role":"user",  "content":"byte for byte"})");
        co_await store.close();
    });
}

TEST_CASE("a work that fails leaves nothing behind and the works beside it alone") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        auto before = store.run([](Transaction& t) { t.insert_session(session_row("s1")); });
        auto failing = store.run([](Transaction& t) {
            t.insert_session(session_row("s2"));
            t.append_event("s2", "text", "{}");
            throw core::Error{core::Code::conflict, "changed my mind"};
        });
        auto after = store.run([](Transaction& t) { t.insert_session(session_row("s3")); });
        co_await std::move(before);
        CHECK((co_await error_of(std::move(failing))).message() == "changed my mind");
        co_await std::move(after);
        const auto page =
            co_await store.run([](Transaction& t) { return t.list_sessions("local", false, 10, 0); });
        CHECK(page.total == 2);
        co_await store.close();
    });
}

TEST_CASE("sessions are listed newest first, in pages, of one principal, archived ones on demand") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await store.run([](Transaction& t) {
            for (int i = 0; i < 5; ++i) {
                auto row = session_row(fmt::format("s{}", i));
                row.created_at = core::Instant{std::chrono::milliseconds{i}};
                t.insert_session(row);
            }
            t.insert_session(session_row("other", "somebody else"));
            t.archive_session("s1", core::Instant{9ms});
        });
        const auto page =
            co_await store.run([](Transaction& t) { return t.list_sessions("local", false, 2, 1); });
        CHECK(page.total == 4);
        REQUIRE(page.sessions.size() == 2);
        CHECK(page.sessions[0].id == "s3");
        CHECK(page.sessions[1].id == "s2");
        const auto all =
            co_await store.run([](Transaction& t) { return t.list_sessions("local", true, 9, 0); });
        CHECK(all.total == 5);
        co_await store.close();
    });
}

TEST_CASE("two desks that may exist at the same time never share a slot") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await store.run([](Transaction& t) { t.insert_desk(desk_row("d1", "s1", 0)); });
        const auto error =
            co_await error_of(store.run([](Transaction& t) { t.insert_desk(desk_row("d2", "s1", 0)); }));
        CHECK(error.code() == core::Code::conflict);
        co_await store.run([](Transaction& t) {
            t.set_desk_removed("d1");
            t.insert_desk(desk_row("d2", "s1", 0));
        });
        const auto desks = co_await store.run([](Transaction& t) { return t.desks_on_host(); });
        REQUIRE(desks.size() == 1);
        CHECK(desks[0].id == "d2");
        co_await store.close();
    });
}

TEST_CASE("a disk that is full is said so, and what fits is still stored") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path(), 40}};
        co_await add_session(store, "s1");
        // Both come into one commit; the large one must not take the small one along.
        auto large = store.run(
            [](Transaction& t) { t.append_event("s1", "text", std::string(std::size_t{1} << 20, 'x')); });
        auto small = store.run([](Transaction& t) { return t.append_event("s1", "text", "{}"); });
        const auto error = co_await error_of(std::move(large));
        CHECK(error.code() == core::Code::exhausted);
        CHECK(error.reason() == "disk_full");
        CHECK(co_await std::move(small) == 1);
        const auto events = co_await store.run([](Transaction& t) { return t.events_after("s1", 0, 10); });
        CHECK(events.size() == 1);
        co_await store.close();
    });
}

TEST_CASE("a damaged database and one of a newer program are refused with a sentence") {
    TempDir dir;
    std::ofstream{dir / "carrel.db"} << std::string(8192, 'x');
    run_loop([&](async::Executor executor) -> Task<> {
        CHECK_THROWS_WITH_AS(Store(executor, {dir.path()}), doctest::Contains("damaged"), core::Error);
        co_return;
    });
    std::filesystem::remove(dir / "carrel.db");
    store::sql::open_sqlite(dir / "carrel.db")->set_schema_version(9999);
    run_loop([&](async::Executor executor) -> Task<> {
        CHECK_THROWS_WITH_AS(Store(executor, {dir.path()}), doctest::Contains("newer Carrel"), core::Error);
        co_return;
    });
}

TEST_CASE("a migration that fails changes nothing, and the ones before it stay") {
    TempDir dir;
    const auto opened = store::sql::open_sqlite(dir / "test.db");
    auto& connection = *opened;
    const std::vector<std::string_view> steps{"CREATE TABLE a (x);",
                                              "CREATE TABLE b (x); CREATE TABLE a (x);"};
    CHECK_THROWS_AS(store::migrate(connection, steps), core::Error);
    const auto count = [&] {
        auto statement = connection.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
        statement.step();
        return statement.number(0);
    };
    CHECK(count() == 1);
    const std::vector<std::string_view> mended{steps[0], "CREATE TABLE b (x);"};
    store::migrate(connection, mended);
    CHECK(count() == 2);
}

TEST_CASE("every event that was acknowledged before a kill -9 is there, numbered without repetition") {
    TempDir dir;
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        run_loop([&](async::Executor executor) -> Task<> {
            Store store{executor, {dir.path()}};
            co_await add_session(store, "s1");
            while (true) {
                const auto seq = co_await add_event(store, "s1", "{}");
                if (::write(pipe[1], &seq, sizeof seq) != sizeof seq) ::_exit(1);
            }
        });
    }
    std::int64_t acknowledged = 0;
    while (acknowledged < 20)
        REQUIRE(::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[1]);
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) continue;
    ::close(pipe[0]);

    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        const auto events =
            co_await store.run([](Transaction& t) { return t.events_after("s1", 0, 1'000'000); });
        CHECK(static_cast<std::int64_t>(events.size()) >= acknowledged);
        for (std::size_t i = 0; i < events.size(); ++i)
            REQUIRE(events[i].seq == static_cast<std::int64_t>(i) + 1);
        CHECK(co_await add_event(store, "s1", "{}") == static_cast<std::int64_t>(events.size()) + 1);
        co_await store.close();
    });
}
