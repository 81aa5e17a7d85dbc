#include "store/blobs.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "store/store.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"
#include "tests/unit/store/rows.hpp"

using namespace carrel;
using async::Task;
using fakes::run_loop;
using fakes::TempDir;
using store::session_row;
using store::Store;
using store::Transaction;

namespace {

int count_files(const std::string& directory) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory})
        count += entry.is_regular_file() ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("a blob is named by its content and stored once") {
    TempDir dir;
    store::BlobFiles files{dir / "blobs"};
    // SHA-256 of "abc", FIPS 180-4.
    const auto hash = files.put("abc");
    CHECK(hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(files.put("abc") == hash);
    CHECK(std::filesystem::exists(dir /
                                  "blobs/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CHECK(files.get(hash) == "abc");
    CHECK(count_files(dir.path()) == 1);
}

TEST_CASE("only the name of a blob becomes a path") {
    TempDir dir;
    store::BlobFiles files{dir / "blobs"};
    for (const auto* name :
         {"", "ba", "../../etc/passwd", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"}) {
        CAPTURE(name);
        CHECK_FALSE(store::is_blob_hash(name));
        CHECK_THROWS_AS(files.get(name), core::Error);
    }
}

TEST_CASE("a picture is read only under a session that has it, and goes with the last one that names it") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        const auto hash = co_await store.run([](Transaction& t) {
            for (const auto* id : {"s1", "s2", "s3"}) t.insert_session(session_row(id));
            t.put_blob("s1", "picture", "image/png");
            t.put_blob("s1", "only here", "image/png");
            return t.put_blob("s2", "picture", "image/png");
        });
        const auto find = [&](std::string id) {
            return store.run([=](Transaction& t) { return t.find_blob(id, hash); });
        };
        CHECK((co_await find("s1"))->bytes == "picture");
        CHECK((co_await find("s2"))->media_type == "image/png");
        CHECK_FALSE(co_await find("s3"));
        CHECK(count_files(dir / "blobs") == 2);
        co_await store.run([](Transaction& t) { t.purge_session("s1"); });
        CHECK(count_files(dir / "blobs") == 1);
        CHECK_FALSE(co_await find("s1"));
        CHECK(co_await find("s2"));
        co_await store.run([](Transaction& t) { t.purge_session("s2"); });
        CHECK(count_files(dir / "blobs") == 0);
        co_await store.close();
    });
}

TEST_CASE("files that no row names are swept") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        const auto hash = co_await store.run([](Transaction& t) {
            t.insert_session(session_row("s1"));
            return t.put_blob("s1", "named", "image/png");
        });
        store::BlobFiles{dir / "blobs"}.put("left by a crash");
        std::ofstream{dir / ("blobs/" + hash.substr(0, 2) + "/" + hash.substr(2) + ".new")} << "half";
        co_await store.run([](Transaction& t) { t.sweep_blobs(); });
        CHECK(count_files(dir / "blobs") == 1);
        CHECK(co_await store.run([=](Transaction& t) { return t.find_blob("s1", hash); }));
        co_await store.close();
    });
}
