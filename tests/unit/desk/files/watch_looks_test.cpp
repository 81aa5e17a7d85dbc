#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <cstdio>
#include <random>
#include <set>
#include <sstream>

#include "tests/unit/desk/files/watching.hpp"

using namespace carrel::files_test;

TEST_CASE("After records were lost, each directory is watched where it is then") {
    Seen seen;
    const Folder elsewhere;
    const auto& at = seen.folder.path;
    for (const auto* path : {"a/in", "x/of_x", "y/of_y", "p/q/deep", "again/in", "gone/in", "out/in"})
        fs::create_directories(at / path);
    Watching watches{at, true};
    fs::create_directories(at / "new/in");
    fs::rename(at / "a", at / "b");
    fs::create_directories(at / "a");
    fs::rename(at / "x", at / "t");
    fs::rename(at / "y", at / "x");
    fs::rename(at / "t", at / "y");
    fs::rename(at / "p/q", at / "q");
    fs::rename(at / "p", at / "q/p");
    fs::remove_all(at / "again");
    fs::create_directories(at / "again/in");
    fs::remove_all(at / "gone");
    fs::rename(at / "out", elsewhere.path / "out");
    CHECK(seen.told_after_loss(watches) == "overflow");
    put(elsewhere.path / "out/in/f", "");
    CHECK(seen.told_in_each(watches, "f") ==
          "created f created a/f created again/f created again/in/f created b/f created b/in/f "
          "created new/f created new/in/f created q/f created q/deep/f created q/p/f created x/f "
          "created x/of_y/f created y/f created y/of_x/f");
    fs::rename(at / "b", at / "c");
    CHECK(seen.told(watches) == "moved c from b");
}

TEST_CASE("A move of which one half was lost is told as what is known of it") {
    Seen seen;
    const auto& at = seen.folder.path;
    fs::create_directories(at / "a/in");
    Watching watches{at, true};
    fs::rename(at / "a", at / "b");
    Seen::records_of(watches);
    CHECK(seen.told_of(watches, record(1, IN_MOVED_FROM | IN_ISDIR, 7, "a") +
                                    record(-1, IN_Q_OVERFLOW, 0, "")) == "deleted a, overflow");
    CHECK(seen.told_in_each(watches, "f") == "created f created b/f created b/in/f");
}

TEST_CASE("When the watched directory itself went while records were lost, that is told") {
    for (const bool recursive : {false, true}) {
        Seen seen;
        const auto at = seen.folder.path / "top";
        fs::create_directories(at / "in");
        Watching gone{at, recursive};
        Watching exchanged{at, recursive};
        fs::rename(at, seen.folder.path / "other");
        CHECK(seen.told_after_loss(gone) == "overflow top, deleted top");
        CHECK(gone.has_ended());
        fs::create_directories(at);
        CHECK(seen.told_after_loss(exchanged) == "overflow top");
        CHECK_FALSE(exchanged.has_ended());
        put(seen.folder.path / "other/f", "");
        put(at / "g", "");
        CHECK(seen.told(exchanged) == "created top/g, modified top/g");
    }
}

TEST_CASE("A file that came while records were lost is told when it goes") {
    Seen seen;
    const auto& at = seen.folder.path;
    put(at / "f", "1");
    Watching watches{at / "f", false};
    fs::remove(at / "f");
    CHECK(seen.told(watches).ends_with("deleted f"));
    put(at / "f", "2");
    CHECK(seen.told_after_loss(watches) == "overflow f");
    fs::remove(at / "f");
    CHECK(seen.told(watches).ends_with("deleted f"));
}

namespace {

/// While it lives, only so many more files can be opened.
struct FewFiles {
    explicit FewFiles(int more) {
        const int next = ::dup(STDERR_FILENO);
        ::close(next);
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit few{static_cast<rlim_t>(next + more), before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before); }
    rlimit before{};
};

}  // namespace

TEST_CASE("What could not be looked through is told as an overflow, and what was watched still is") {
    Seen seen;
    const auto& at = seen.folder.path;
    fs::create_directories(at / "a/in/deep");
    fs::create_directories(at / "a/more");
    Watching watches{at, true};
    for (const int more : {0, 1, 2, 3}) {
        fs::rename(at / "a", at / "b");
        const auto records = Seen::records_of(watches);
        std::string told;
        {
            const FewFiles few{more};
            told = seen.told_of(watches, records);
        }
        CHECK(told == "moved b from a, overflow");
        CHECK(seen.told_in_each(watches, "f" + std::to_string(more)).contains("created b/in/deep/f"));
        fs::rename(at / "b", at / "a");
        CHECK(seen.told(watches) == "moved a from b");
    }
}

TEST_CASE("Levels beyond those that are walked are told as an overflow, and refused at the start") {
    Seen seen;
    const Folder elsewhere;
    const auto& at = seen.folder.path;
    fs::path deep = "deep";
    for (int i = 0; i < 300; ++i) deep /= "d";
    fs::create_directories(elsewhere.path / deep);
    CHECK_THROWS_WITH(Watching(elsewhere.path, true), doctest::Contains("more than 256 levels"));
    Watching watches{at, true};
    fs::rename(elsewhere.path / "deep", at / "deep");
    CHECK(seen.told(watches).ends_with("d, overflow"));
    put(at / "deep/d/f", "");
    CHECK(seen.told(watches) == "created deep/d/f, modified deep/d/f");
}

TEST_CASE(
    "Of a large tree that comes up so many names are told, then an overflow, and all of it is watched") {
    Seen seen;
    const Folder elsewhere;
    const auto& at = seen.folder.path;
    fs::create_directories(elsewhere.path / "tree/in");
    for (int i = 0; i < 17'000; ++i) put(elsewhere.path / "tree" / std::to_string(i), "");
    Watching watches{at, true};
    fs::rename(elsewhere.path / "tree", at / "tree");
    const auto events = watches.take_all(Seen::records_of(watches), start);
    CHECK(events.size() == 16'384 + 1);
    CHECK(events.back().type == "overflow");
    CHECK(std::ranges::count(events, "overflow", &WatchEvent::type) == 1);
    CHECK(seen.told_in_each(watches, "f") == "created f created tree/f created tree/in/f");
}

TEST_CASE("Directories are looked through in slices, and what is known is told between them") {
    Seen seen;
    const Folder elsewhere;
    const auto& at = seen.folder.path;
    for (const auto* path : {"a/b", "c/d"}) fs::create_directories(elsewhere.path / "tree" / path);
    Watches first{elsewhere.path, true};
    int slices = 1;
    for (; !first.run({}); ++slices) {
    }
    CHECK(slices > 5);
    Watching watches{at, true};
    fs::rename(elsewhere.path / "tree", at / "tree");
    watches.begin(Seen::records_of(watches), start);
    std::string told;
    for (bool is_done = false; !is_done;) {
        is_done = watches.run({});
        const auto events = watches.take();
        CHECK(events.size() <= 1);
        for (const auto& event : events) told += seen.line_of(event) + " ";
    }
    CHECK(told == "created tree created tree/a created tree/a/b created tree/c created tree/c/d ");
}

TEST_CASE("Directories that are exchanged in one step are watched, each where it is then") {
    Seen seen;
    const auto& at = seen.folder.path;
    fs::create_directories(at / "x/of_x");
    fs::create_directories(at / "y/of_y");
    Watching watches{at, true};
    const auto exchange = [&](const fs::path& one, const fs::path& other) {
        REQUIRE(::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0);
    };
    exchange(at / "x", at / "y");
    CHECK(seen.told(watches) ==
          "moved y from x, created x, created x/of_y, moved x from y, created y, created y/of_x");
    CHECK(seen.told_in_each(watches, "f") ==
          "created f created x/f created x/of_y/f created y/f created y/of_x/f");
    // With one from outside: it comes before the record of what left.
    const Folder elsewhere;
    fs::create_directories(elsewhere.path / "z/of_z");
    exchange(elsewhere.path / "z", at / "x");
    seen.told(watches);
    watches.take_all({}, late);
    CHECK(seen.told_in_each(watches, "g") ==
          "created g created x/g created x/of_z/g created y/g created y/of_x/g");
}

namespace {

/// Directories that are made, moved, exchanged and removed by chance.
struct Chance {
    fs::path top;
    std::mt19937 next;

    fs::path any_name() { return std::string(1, static_cast<char>('a' + next() % 4)); }
    fs::path any_path() {
        fs::path path = top / any_name();
        while (next() % 2 == 0) path /= any_name();
        return path;
    }
    /// In the order of names, for every file system has its own.
    static void remove(const fs::path& path) {
        std::error_code ignored;
        std::set<fs::path> below;
        for (const auto& entry : fs::directory_iterator{path, ignored}) below.insert(entry.path());
        for (const auto& each : below) remove(each);
        fs::remove(path, ignored);
    }
    void act() {
        std::error_code ignored;
        const auto from = any_path();
        const auto to = any_path();
        switch (next() % 6) {
            case 0: remove(from); break;
            case 1: ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE); break;
            case 2:
            case 3: fs::rename(from, to, ignored); break;
            default: fs::create_directories(from, ignored);
        }
    }
};

}  // namespace

TEST_CASE(
    "Whatever happens while directories are looked through and records are lost, all are right after it") {
    for (unsigned seed = 0; seed < 50; ++seed) {
        CAPTURE(seed);
        Seen seen;
        Chance chance{seen.folder.path, std::mt19937{seed}};
        for (int i = 0; i < 20; ++i) chance.act();
        Watching watches{seen.folder.path, true};
        auto now = start;
        const auto take_slowly = [&](std::string records) {
            if (seed % 2 == 0) now += WatchQueue::patience;
            watches.begin(std::move(records), now);
            while (!watches.run({}))
                if (chance.next() % 3 == 0) chance.act();
            watches.take();
        };
        for (int i = 0; i < 20; ++i) {
            for (unsigned acts = chance.next() % 8; acts > 0; --acts) chance.act();
            auto records = Seen::records_of(watches);
            // The kernel has told what came before it had no more room, and nothing from there on.
            if (chance.next() % 3 == 0) records = record(-1, IN_Q_OVERFLOW, 0, "");
            take_slowly(std::move(records));
        }
        for (auto records = Seen::records_of(watches); !records.empty(); records = Seen::records_of(watches))
            watches.take_all(std::move(records), now);
        watches.take_all({}, now + WatchQueue::patience);

        std::vector<std::string> expected{"created file"};
        for (const auto& entry : fs::recursive_directory_iterator{seen.folder.path})
            if (entry.is_directory())
                expected.push_back("created " + fs::relative(entry.path(), seen.folder.path).string() +
                                   "/file");
        std::ranges::sort(expected);
        std::vector<std::string> told;
        std::stringstream lines{seen.told_in_each(watches, "file")};
        for (std::string verb, path; lines >> verb >> path;) told.push_back(verb + " " + path);
        std::ranges::sort(told);
        CHECK(told == expected);
    }
}
