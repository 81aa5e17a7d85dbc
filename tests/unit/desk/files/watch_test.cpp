#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>

#include "desk/files/watch.hpp"
#include "tests/unit/desk/files/client.hpp"

using namespace carrel::desk::files;
using namespace std::chrono_literals;
using carrel::files_test::Folder;

namespace {

constexpr WatchQueue::Moment start{1h};
constexpr auto late = start + WatchQueue::patience;

/// A record as inotify(7) writes it.
std::string record(int watch, std::uint32_t mask, std::uint32_t cookie, std::string name) {
    name.resize((name.size() / 16 + 1) * 16);
    const inotify_event head{watch, mask, cookie, static_cast<std::uint32_t>(name.size())};
    return std::string{reinterpret_cast<const char*>(&head), sizeof head} + name;
}
std::string from(std::uint32_t cookie, std::string name, std::uint32_t more = 0) {
    return record(1, IN_MOVED_FROM | more, cookie, std::move(name));
}
std::string to(std::uint32_t cookie, std::string name, std::uint32_t more = 0) {
    return record(1, IN_MOVED_TO | more, cookie, std::move(name));
}
std::string made(std::string name) { return record(1, IN_CREATE, 0, std::move(name)); }

/// Watches whose work is done at once.
struct Watching : Watches {
    Watching(std::string path, bool recursive) : Watches(std::move(path), recursive) { finish(); }
    std::vector<WatchEvent> take_all(std::string records, WatchQueue::Moment now) {
        begin(std::move(records), now);
        return finish();
    }
    std::vector<WatchEvent> finish() {
        while (!run(WatchQueue::Moment::max())) {
        }
        return take();
    }
};

/// "moved b from a", of a directory that is watched for the test.
struct Told {
    Folder folder;
    Watching watches{folder.path, false};

    std::string take(std::string_view records, WatchQueue::Moment now = start) {
        std::string text;
        for (const auto& event : watches.take_all(std::string{records}, now)) {
            text += (text.empty() ? "" : ", ") + std::string{event.type} + " " + name_of(event.path);
            if (!event.from.empty()) text += " from " + name_of(event.from);
        }
        return text;
    }
    static std::string name_of(const std::string& path) {
        return carrel::files_test::fs::path{path}.filename();
    }
};

}  // namespace

TEST_CASE("A move whose records come in two reads is told as a move") {
    Told told;
    CHECK(told.take(from(7, "a")).empty());
    CHECK(told.watches.due() == late);
    CHECK(told.take(to(7, "b"), start + 1ms) == "moved b from a");
    CHECK_FALSE(told.watches.due());
}

TEST_CASE("What was moved out is told as deleted when it has waited long enough, and not before") {
    Told told;
    CHECK(told.take(from(7, "a")).empty());
    CHECK(told.take({}, late - 1ms).empty());
    CHECK(told.take({}, late) == "deleted a");
    CHECK(told.take(to(7, "b"), late) == "created b");
}

TEST_CASE("Moves whose records are mixed are told apart by what their records have in common") {
    Told told;
    CHECK(told.take(from(1, "a") + from(2, "b")).empty());
    CHECK(told.take(from(3, "c") + to(2, "y")).empty());
    CHECK(told.take(to(1, "x")).empty());
    CHECK(told.take(to(3, "z")) == "moved y from b, moved x from a, moved z from c");
}

TEST_CASE("What happens while something waits is told behind it, in its order") {
    Told told;
    CHECK(told.take(made("before") + from(1, "a") + made("after")) == "created before");
    CHECK(told.take(made("later"), start + 1ms).empty());
    CHECK(told.take({}, late) == "deleted a, created after, created later");
}

TEST_CASE("A place that is taken again shows that what stood there was moved out") {
    Told told;
    CHECK(told.take(from(1, "a") + made("a")) == "deleted a, created a");
    CHECK(told.take(from(2, "a") + from(3, "b") + to(3, "a")) == "deleted a, moved a from b");
}

TEST_CASE("A read that was full gives nothing up: the other half may not have fitted") {
    Told told;
    CHECK(told.take(from(1, "a")).empty());
    std::string full;
    for (int i = 0; full.size() + 300 < 32 << 10; ++i) full += made("f" + std::to_string(i));
    while (full.size() + 32 <= 32 << 10) full += made("last");
    CHECK(told.take(full, late).empty());
    CHECK(told.take(to(1, "b"), late).ends_with("moved b from a"));
}

TEST_CASE("Of what was modified again and again one event is told, and nothing of what was moved out") {
    WatchQueue queue;
    queue.add({"modified", "/w/f", {}, false});
    queue.add({"modified", "/w/f", {}, false});
    queue.add_left(1, "/w/d", true, start);
    queue.add({"created", "/w/d/in", {}, false});
    queue.add({"created", "/w/dd", {}, false});
    CHECK(queue.give_up(late) == std::vector<std::string>{"/w/d"});
    const std::vector<WatchEvent> told{
        {"modified", "/w/f", {}, false}, {"deleted", "/w/d", {}, true}, {"created", "/w/dd", {}, false}};
    CHECK(queue.take() == told);
}

namespace {

using carrel::files_test::put;
namespace fs = std::filesystem;

/// What a path's watches tell of what really happened.
struct Seen {
    Folder folder;
    static std::string records_of(const Watches& watches) {
        std::string records(1 << 16, '\0');
        const auto count = ::read(watches.descriptor(), records.data(), records.size());
        records.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return records;
    }
    std::string told(Watching& watches) { return told_of(watches, records_of(watches)); }
    std::string told_of(Watching& watches, std::string records) {
        std::string text;
        for (const auto& event : watches.take_all(std::move(records), start)) {
            const auto line = line_of(event);
            if (!text.ends_with(line)) text += (text.empty() ? "" : ", ") + line;
        }
        return text;
    }
    /// What is told when the kernel has dropped all that waits.
    std::string told_after_loss(Watching& watches) {
        records_of(watches);
        return told_of(watches, record(-1, IN_Q_OVERFLOW, 0, ""));
    }
    /// What is told when `name` is made in each directory that there is: "a/f b/f".
    std::string told_in_each(Watching& watches, const std::string& name) {
        std::vector<fs::path> folders{folder.path};
        for (const auto& entry : fs::recursive_directory_iterator{folder.path})
            if (entry.is_directory()) folders.push_back(entry.path());
        std::ranges::sort(folders);
        for (const auto& each : folders) put(each / name, "");
        std::string text;
        for (const auto& event : watches.take_all(records_of(watches), start))
            if (event.type != "modified") text += (text.empty() ? "" : " ") + line_of(event);
        return text;
    }
    std::string line_of(const WatchEvent& event) const {
        const auto top = folder.path.string();
        if (event.path == top) return std::string{event.type};
        const auto from = event.from.empty() ? "" : " from " + event.from.substr(top.size() + 1);
        return std::string{event.type} + " " + event.path.substr(top.size() + 1) + from;
    }
};

}  // namespace

TEST_CASE("A file is watched by its path: what is put in its place is watched, too") {
    Seen seen;
    const auto& at = seen.folder.path;
    put(at / "f", "1");
    Watching watches{at / "f", false};
    put(at / "f", "22");
    CHECK(seen.told(watches) == "modified f");
    for (int i = 0; i < 3; ++i) {
        put(at / ".f.tmp", "3");
        put(at / "unseen", "3");
        fs::rename(at / ".f.tmp", at / "f");
        CHECK(seen.told(watches) == "created f");
        put(at / "f", "44");
        CHECK(seen.told(watches) == "modified f");
    }
    // As editors that keep the old one do.
    fs::rename(at / "f", at / "f~");
    put(at / "f", "5");
    put(at / "f~", "old");
    CHECK(seen.told(watches) == "deleted f, created f");
    put(at / "f", "6");
    CHECK(seen.told(watches) == "modified f");
    fs::remove(at / "f");
    CHECK(seen.told(watches).ends_with("deleted f"));
    CHECK_FALSE(watches.has_ended());
    put(at / "f", "7");
    CHECK(seen.told(watches).starts_with("created f"));
    fs::create_directories(at / "f.d");
    fs::remove(at / "f");
    fs::rename(at / "f.d", at / "f");
    CHECK(seen.told(watches).ends_with("deleted f, created f"));
}

TEST_CASE("Of a link to a file, both the link's place and the file's are watched") {
    Seen seen;
    const auto& at = seen.folder.path;
    fs::create_directories(at / "real");
    put(at / "real/f", "1");
    fs::create_symlink("real/f", at / "link");
    Watching watches{at / "link", false};
    put(at / "real/f", "2");
    CHECK(seen.told(watches) == "modified link");
    put(at / "real/new", "3");
    fs::rename(at / "real/new", at / "real/f");
    CHECK(seen.told(watches) == "created link");
    put(at / "real/f", "4");
    CHECK(seen.told(watches) == "modified link");
    fs::remove(at / "real/f");
    CHECK(seen.told(watches).ends_with("deleted link"));
    put(at / "real/f", "5");
    CHECK(seen.told(watches).starts_with("created link"));
    put(at / "other", "6");
    fs::create_symlink("other", at / "link2");
    fs::rename(at / "link2", at / "link");
    CHECK(seen.told(watches).ends_with("created link"));
    put(at / "real/f", "unseen");
    CHECK(seen.told(watches).empty());
    put(at / "other", "7");
    CHECK(seen.told(watches) == "modified link");
}

TEST_CASE("The watch of a file ends with the directory that it stands in") {
    for (const bool is_moved : {true, false}) {
        Seen seen;
        const auto& at = seen.folder.path;
        fs::create_directories(at / "in");
        put(at / "in/f", "1");
        Watching watches{at / "in/f", false};
        if (is_moved)
            fs::rename(at / "in", at / "gone");
        else
            fs::remove_all(at / "in");
        CHECK(seen.told(watches).ends_with("deleted in/f"));
        CHECK(watches.has_ended());
    }
}

TEST_CASE("A directory that is renamed before it could be watched is watched under its new name") {
    Seen seen;
    const auto& at = seen.folder.path;
    Watching watches{at, true};
    fs::create_directories(at / "a/in");
    fs::rename(at / "a", at / "b");
    seen.told(watches);
    put(at / "b/f", "1");
    put(at / "b/in/f", "1");
    CHECK(seen.told(watches) == "created b/f, modified b/f, created b/in/f, modified b/in/f");
    // In a directory that is watched already, and is then renamed itself.
    fs::create_directories(at / "b/c");
    fs::rename(at / "b", at / "d");
    seen.told(watches);
    put(at / "d/c/f", "1");
    CHECK(seen.told(watches) == "created d/c/f, modified d/c/f");
    // Another one takes the name at once: each is watched, under the name that it has.
    fs::create_directories(at / "x");
    fs::rename(at / "x", at / "y");
    fs::create_directories(at / "x");
    fs::rename(at / "y", at / "z");
    seen.told(watches);
    put(at / "x/f", "1");
    put(at / "z/f", "1");
    CHECK(seen.told(watches) == "created x/f, modified x/f, created z/f, modified z/f");
    // What the name stood for by the time that the first one was looked for was the second one.
    fs::create_directories(at / "p/in");
    fs::rename(at / "p", at / "q");
    fs::create_directories(at / "p/in");
    seen.told(watches);
    put(at / "p/in/f", "1");
    put(at / "q/in/f", "1");
    CHECK(seen.told(watches) == "created p/in/f, modified p/in/f, created q/in/f, modified q/in/f");
    fs::remove_all(at / "x");
    fs::create_directories(at / "x");
    fs::remove_all(at / "x");
    CHECK(seen.told(watches).ends_with("deleted x"));
}

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
    CHECK(seen.told_of(watches, from(7, "a", IN_ISDIR) + record(-1, IN_Q_OVERFLOW, 0, "")) ==
          "deleted a, overflow");
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
