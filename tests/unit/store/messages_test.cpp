// The conversation with its pictures, and databases of older programs.
#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"
#include "tests/unit/store/pictures.hpp"
#include "tests/unit/store/rows.hpp"

using namespace carrel;
using async::Task;
using fakes::run_loop;
using fakes::TempDir;
using store::add_session;
using store::picture_bytes;
using store::picture_message;
using store::Store;
using store::Transaction;

namespace {

std::int64_t number(store::sql::Connection& database, const std::string& query) {
    auto statement = database.prepare(query);
    REQUIRE(statement.step());
    return statement.number(0);
}

Task<std::vector<std::string>> messages(Store& store, std::string session) {
    co_return co_await store.run([session](Transaction& t) { return t.messages(session); });
}

/// As the program of the first schema left it: pictures stand in messages, the file does not shrink.
void make_old_database(const std::string& path, const std::vector<std::string>& raws) {
    auto database = store::sql::open_sqlite(path);
    database->execute("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM");
    store::migrate(*database, store::migrations().first(1));
    database->execute(
        "INSERT INTO sessions (id, principal, provider, model, system_prompt_suffix, created_at, updated_at) "
        "VALUES ('s1', 'local', 'scripted', 'tour', '', 1, 1)");
    std::int64_t position = 0;
    for (const auto& raw : raws)
        database->prepare("INSERT INTO messages (session_id, position, principal, raw) VALUES (?, ?, ?, ?)")
            .bind("s1", ++position, "local", raw)
            .run();
    REQUIRE(number(*database, "PRAGMA auto_vacuum") == 0);
}

}  // namespace

TEST_CASE("a message's picture is stored once, beside the log's, and comes back byte for byte") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        const std::vector<std::string> raws{R"({"role":"user",  "content":"byte for byte"})",
                                            picture_message('a'), picture_message('b'), picture_message('a')};
        co_await store.run([raws](Transaction& t) {
            t.put_blob("s1", picture_bytes('a'), "image/png");
            for (const auto& raw : raws) t.append_message("s1", raw);
        });
        CHECK(co_await messages(store, "s1") == raws);
        const auto database = store::sql::open_sqlite(dir / "carrel.db");
        CHECK(number(*database, "SELECT max(length(raw)) FROM messages") < 500);
        CHECK(number(*database, "SELECT count(*) FROM blobs") == 2);
        // As long as a message names it, it stays.
        CHECK_THROWS_AS(database->execute("DELETE FROM blobs"), core::Error);
        co_await store.purge("s1", {});
        CHECK(number(*database, "SELECT count(*) FROM blobs") == 0);
        CHECK(number(*database, "SELECT count(*) FROM message_pictures") == 0);
        co_await store.close();
    });
}

TEST_CASE("a history whose picture is missing can still be read") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await store.run([](Transaction& t) { t.append_message("s1", picture_message('a')); });
        std::filesystem::remove_all(dir / "blobs");
        const auto read = co_await messages(store, "s1");
        REQUIRE(read.size() == 1);
        CHECK(read[0].starts_with(picture_message('a').substr(0, 60)));
        CHECK(read[0].size() < 500);
        co_await store.close();
    });
}

TEST_CASE("a database of the first schema is read as it is, then parted, and its file becomes smaller") {
    TempDir dir;
    const std::vector<std::string> raws{R"({"role":"user","content":"first"})", picture_message('a', 1 << 20),
                                        picture_message('b', 1 << 20), R"({"role":"assistant","content":[]})",
                                        picture_message('a', 1 << 20)};
    make_old_database(dir / "carrel.db", raws);
    const auto before = std::filesystem::file_size(dir / "carrel.db");
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        CHECK(co_await messages(store, "s1") == raws);
        co_await store.catch_up();
        CHECK(co_await messages(store, "s1") == raws);
        co_await store.run([](Transaction& t) { t.append_message("s1", picture_message('c')); });
        CHECK((co_await messages(store, "s1")).back() == picture_message('c'));
        co_await store.close();
    });
    CHECK(before > std::size_t{4} << 20);
    CHECK(std::filesystem::file_size(dir / "carrel.db") < std::size_t{1} << 20);
    const auto database = store::sql::open_sqlite(dir / "carrel.db");
    CHECK(number(*database, "PRAGMA auto_vacuum") == 2);
    CHECK(number(*database, "SELECT count(*) FROM whole_messages") == 0);
    CHECK(number(*database, "SELECT max(length(raw)) FROM messages") < 500);
    CHECK(number(*database, "SELECT count(*) FROM blobs") == 3);
}
