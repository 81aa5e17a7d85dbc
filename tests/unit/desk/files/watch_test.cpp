#include <doctest/doctest.h>

#include "tests/unit/desk/files/watching.hpp"

using namespace carrel::files_test;

namespace {

std::string from(std::uint32_t cookie, std::string name, std::uint32_t more = 0) {
    return record(1, IN_MOVED_FROM | more, cookie, std::move(name));
}
std::string to(std::uint32_t cookie, std::string name, std::uint32_t more = 0) {
    return record(1, IN_MOVED_TO | more, cookie, std::move(name));
}
std::string made(std::string name) { return record(1, IN_CREATE, 0, std::move(name)); }

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
