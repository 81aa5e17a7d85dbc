// Copying, moving and writing where names, links and other programs are in the way.
#include "desk/files/change.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/files/disk.hpp"
#include "desk/files/walk.hpp"
#include "tests/unit/desk/files/client.hpp"

using namespace carrel;
using namespace carrel::files_test;
using namespace carrel::desk::files;

namespace {

template <class Work>
void run_whole(Work& work) {
    while (!work.run(Moment::max())) {
    }
}

struct stat look(const fs::path& path) {
    struct stat facts{};
    CHECK(::lstat(path.c_str(), &facts) == 0);
    return facts;
}

void set_time(const fs::path& path, time_t seconds, long nanoseconds = 0) {
    const timespec times[]{{seconds, nanoseconds}, {seconds, nanoseconds}};
    CHECK(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

std::string refusal_of(auto function) {
    try {
        function();
    } catch (const core::Error& error) {
        return error.message();
    }
    return "";
}

}  // namespace

TEST_CASE("A link is not copied or moved over the file that it leads to, nor a file over itself") {
    with_files([](Client client, fs::path folder) -> Task<> {
        put(folder / "real", "precious");
        fs::create_symlink("real", folder / "link");
        fs::create_hard_link(folder / "real", folder / "other");
        fs::create_directory_symlink(".", folder / "here");
        fs::create_directories(folder / "in");
        fs::create_symlink("../real", folder / "in/real");
        const std::vector<std::pair<std::string, std::string>> same{{"link", "real"},
                                                                    {"real", "real"},
                                                                    {"other", "real"},
                                                                    {"here/real", "real"},
                                                                    {"in/real", "real"}};
        for (const std::string operation : {"file/copy", "file/move"})
            for (const auto& [from, to] : same) {
                CAPTURE(operation + " " + from);
                const auto error = co_await error_of([&] {
                    return client.call(operation, {{"from", from}, {"to", to}, {"overwrite", true}});
                });
                REQUIRE(error);
                CHECK(error->code() == core::Code::conflict);
                CHECK(error->message().contains("are the same file"));
                CHECK(text_of(folder / "real") == "precious");
                CHECK(fs::is_symlink(folder / "link"));
            }
        // Also below: what is merged may hold the target of a link.
        const auto merged = co_await error_of(
            [&] { return client.call("file/copy", {{"from", "in"}, {"to", "."}, {"overwrite", true}}); });
        REQUIRE(merged);
        CHECK(text_of(folder / "real") == "precious");
        // A link over something else, or another file over the target, is what was asked for.
        put(folder / "else", "x");
        co_await client.call("file/copy", {{"from", "link"}, {"to", "else"}, {"overwrite", true}});
        CHECK(fs::read_symlink(folder / "else") == "real");
    });
}

TEST_CASE("A text with several names is written in place, and they stay names of it") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f").string();
        put(path, "one\r\ntwo\r\n");
        fs::create_hard_link(path, folder / "other");
        const auto before = look(path).st_ino;
        co_await client.edit("file/replace",
                             {{"path", path}, {"old_str", "one\n"}, {"new_str", "first\nmore\n"}});
        CHECK(text_of(folder / "other") == "first\r\nmore\r\ntwo\r\n");
        co_await client.edit("file/insert", {{"path", path}, {"insert_line", 0}, {"insert_text", "zero"}});
        co_await client.edit("file/undo_edit", {{"path", path}});
        co_await client.edit("file/write", {{"path", (folder / "other").string()}, {"file_text", "short"}});
        CHECK(text_of(path) == "short");
        CHECK(look(path).st_ino == before);
        CHECK(look(path).st_nlink == 2);
        CHECK(std::distance(fs::directory_iterator{folder}, {}) == 2);
    });
}

TEST_CASE("A file that is written through a link to nothing is made where the link leads") {
    with_files([](Client client, fs::path folder) -> Task<> {
        fs::create_symlink("made/in/target", folder / "link");
        fs::create_symlink("link", folder / "chain");
        fs::create_symlink((folder / "far").string(), folder / "absolute");
        fs::create_symlink("circle", folder / "circle");
        co_await client.edit("file/write", {{"path", (folder / "chain").string()}, {"file_text", "x"}});
        CHECK(fs::is_symlink(folder / "chain"));
        CHECK(fs::is_symlink(folder / "link"));
        CHECK(text_of(folder / "made/in/target") == "x");
        co_await client.upload(net::make_source(
            "--B\r\nContent-Disposition: form-data; name=\"dest_path\"\r\n\r\nabsolute\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\ny\r\n--B--\r\n"));
        CHECK(fs::is_symlink(folder / "absolute"));
        CHECK(text_of(folder / "far") == "y");
        CHECK(
            (co_await client.edit("file/write", {{"path", (folder / "circle").string()}, {"file_text", "x"}}))
                .starts_with("!"));
        CHECK(fs::is_symlink(folder / "circle"));
    });
}

TEST_CASE("What is moved by copying keeps its times and modes") {
    Folder folder;
    fs::create_directories(folder.path / "from/in");
    put(folder.path / "from/in/file", "x");
    fs::create_symlink("in", folder.path / "from/link");
    fs::permissions(folder.path / "from/in", fs::perms{0555});
    set_time(folder.path / "from/in/file", 1'000'000'000, 123'456'789);
    set_time(folder.path / "from/in", -86'400);
    set_time(folder.path / "from/link", 3);
    set_time(folder.path / "from", 4);
    CopyWork work{folder.path / "from", folder.path / "to", false, CopyWork::Purpose::move};
    run_whole(work);
    CHECK(look(folder.path / "to/in/file").st_mtim.tv_sec == 1'000'000'000);
    CHECK(look(folder.path / "to/in/file").st_mtim.tv_nsec == 123'456'789);
    CHECK(look(folder.path / "to/in").st_mtim.tv_sec == -86'400);
    CHECK((look(folder.path / "to/in").st_mode & 07777) == 0555);
    CHECK(look(folder.path / "to/link").st_mtim.tv_sec == 3);
    CHECK(look(folder.path / "to").st_mtim.tv_sec == 4);
    for (const char* top : {"from/in", "to/in"}) fs::permissions(folder.path / top, fs::perms{0755});
}

TEST_CASE("What is moved by copying takes only the places that a rename would") {
    Folder folder;
    const auto move = [&](const char* from, const char* to) {
        return refusal_of([&] {
            CopyWork work{folder.path / from, folder.path / to, true, CopyWork::Purpose::move};
            run_whole(work);
        });
    };
    fs::create_directories(folder.path / "from");
    put(folder.path / "from/new", "x");
    fs::create_directories(folder.path / "full");
    put(folder.path / "full/old", "y");
    put(folder.path / "file", "z");
    fs::create_directories(folder.path / "empty");
    CHECK(move("from", "full").ends_with("/full exists and is a directory that holds something"));
    CHECK(move("from", "file").ends_with("/file exists and is a file, no directory"));
    CHECK(move("file", "full").ends_with("/full is a directory"));
    CHECK_FALSE(fs::exists(folder.path / "full/new"));
    CHECK(move("from", "empty").empty());
    CHECK(text_of(folder.path / "empty/new") == "x");
    CHECK(move("file", "full/old").empty());
    CHECK(text_of(folder.path / "full/old") == "z");
}

TEST_CASE("What is gone when its turn comes is passed over, by walks, copies, searches and deletions") {
    Folder folder;
    const auto make = [&] {
        fs::create_directories(folder.path / "top/b/deep");
        for (const char* name : {"top/a", "top/b/deep/x", "top/c", "top/d"}) put(folder.path / name, "text");
        if (!fs::is_symlink(folder.path / "top/e")) fs::create_symlink("a", folder.path / "top/e");
    };
    make();
    Walk walk{folder.path / "top", {}};
    std::string met;
    while (const auto found = walk.next()) {
        met += found->path + " ";
        if (found->path == "b") {
            fs::remove_all(folder.path / "top/b");
            fs::remove(folder.path / "top/d");
        }
    }
    CHECK(met == "a b c e ");
    CHECK(walk.unreadable() == 0);
    CHECK(walk.vanished() == 2);

    make();
    CopyWork copy{folder.path / "top", folder.path / "copy", false};
    CHECK_FALSE(copy.run({}));  // the directory's names have been read
    for (const char* name : {"top/a", "top/d", "top/e"}) fs::remove(folder.path / name);
    fs::remove_all(folder.path / "top/b/deep");
    run_whole(copy);
    CHECK(fs::exists(folder.path / "copy/c"));
    CHECK_FALSE(fs::exists(folder.path / "copy/d"));

    // What a move leaves out is not to be deleted as moved.
    make();
    CopyWork moved{folder.path / "top", folder.path / "moved", false, CopyWork::Purpose::move};
    CHECK_FALSE(moved.run({}));
    fs::remove(folder.path / "top/d");
    CHECK(refusal_of([&] { run_whole(moved); }).contains("changed while it was moved"));
    CHECK(fs::exists(folder.path / "moved/c"));

    make();
    DeleteWork gone{(folder.path / "top").string(), true};
    CHECK_FALSE(gone.run({}));
    fs::remove_all(folder.path / "top");
    run_whole(gone);
    CHECK_FALSE(fs::exists(folder.path / "top"));
    CHECK(refusal_of([&] {
              DeleteWork none{(folder.path / "top").string(), true};
              run_whole(none);
          }) != "");
}
