// What an archive's links become on a disk, and which are refused.
#include "desk/transfer/unpack.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "tests/unit/desk/files/client.hpp"

using namespace carrel;
using namespace carrel::desk::transfer;
using Kind = desk::archive::ArchiveEntry::Kind;
namespace fs = std::filesystem;

namespace {

/// A folder "in" that is unpacked into, with something beside it that no archive may reach.
struct Ground {
    Ground() {
        fs::create_directories(in);
        files_test::put(in.parent_path() / "outside", "precious");
    }
    void add(Kind kind, std::string name, std::string target = "") {
        unpacker.begin({.kind = kind, .name = std::move(name), .target = std::move(target)});
        if (kind == Kind::file) unpacker.data("text");
        unpacker.end();
    }
    void symlink(std::string name, std::string target) {
        add(Kind::symlink, std::move(name), std::move(target));
    }
    /// What the refusal says, or nothing.
    std::string link(std::string name, std::string target) {
        try {
            add(Kind::hard_link, std::move(name), std::move(target));
            return "";
        } catch (const core::Error& error) {
            return error.message();
        }
    }
    ino_t inode(const fs::path& name) const {
        struct stat facts{};
        REQUIRE(::lstat((in / name).c_str(), &facts) == 0);
        return facts.st_ino;
    }
    bool has_partial() const {
        return std::ranges::any_of(fs::recursive_directory_iterator{in}, [](const auto& entry) {
            return entry.path().filename().string().starts_with(".carrel-");
        });
    }

    files_test::Folder folder;
    fs::path in = folder.path / "in";
    Unpacker unpacker{in};
};

bool says(const std::string& refusal, std::string_view what) { return refusal.contains(what); }

}  // namespace

TEST_CASE("A hard link to a symbolic link is another name of that link, wherever it leads") {
    Ground ground;
    ground.add(Kind::file, "target");
    ground.add(Kind::folder, "dir");
    ground.symlink("l1", "target");
    ground.symlink("dangling", "nothing");
    ground.symlink("to-dir", "dir");
    for (const std::string from : {"l1", "dangling", "to-dir"}) {
        CHECK(ground.link(from + "-2", from) == "");
        CHECK(ground.inode(from + "-2") == ground.inode(from));
        CHECK(fs::read_symlink(ground.in / (from + "-2")) == fs::read_symlink(ground.in / from));
        // Over itself, and once more.
        CHECK(ground.link(from + "-2", from) == "");
        CHECK(ground.link(from, from) == "");
    }
    CHECK(files_test::text_of(ground.in / "l1-2") == "text");
    CHECK(ground.inode("target") != ground.inode("l1-2"));
    // In the place of what is there, which is not followed.
    ground.symlink("old", "target");
    CHECK(ground.link("old", "dangling") == "");
    CHECK(fs::read_symlink(ground.in / "old") == "nothing");
    CHECK(files_test::text_of(ground.in / "target") == "text");
    CHECK_FALSE(ground.has_partial());
}

TEST_CASE("A hard link to a symbolic link is judged from where it stands itself") {
    Ground ground;
    ground.add(Kind::file, "target");
    ground.symlink("a/b/l", "../../target");
    CHECK(ground.link("c/d/l", "a/b/l") == "");
    CHECK(files_test::text_of(ground.in / "c/d/l") == "text");
    for (const std::string name : {"l", "a/l"})
        CHECK_MESSAGE(says(ground.link(name, "a/b/l"), "leads out of the directory"), name);
    // Also one that stood there before, and leads out from where it is.
    fs::create_symlink("../outside", ground.in / "before");
    fs::create_symlink(ground.folder.path / "outside", ground.in / "absolute");
    CHECK(says(ground.link("l", "before"), "leads out of the directory, to \"../outside\""));
    CHECK(says(ground.link("l", "absolute"), "leads out of the directory"));
    CHECK_FALSE(fs::exists(fs::symlink_status(ground.in / "l")));
    CHECK_FALSE(fs::exists(fs::symlink_status(ground.in / "a/l")));
    CHECK_FALSE(ground.has_partial());
}

TEST_CASE("A hard link is to no directory, nothing else that is no file, and through no symbolic link") {
    Ground ground;
    ground.add(Kind::file, "dir/f");
    ground.symlink("through", "dir");
    fs::create_directory_symlink("..", ground.in / "up");
    REQUIRE(::mkfifo((ground.in / "pipe").c_str(), 0600) == 0);
    CHECK(says(ground.link("l", "dir"), "is not to a file"));
    CHECK(says(ground.link("l", "pipe"), "is not to a file"));
    CHECK(says(ground.link("l", "through/f"), "a step of its name is a link"));
    CHECK(says(ground.link("l", "up/outside"), "a step of its name is a link"));
    CHECK(says(ground.link("through/l", "dir/f"), "a step of its name is a link"));
    CHECK(says(ground.link("l", "../outside"), "leads out of the directory"));
    CHECK(ground.link("l", "none") != "");
    CHECK_FALSE(fs::exists(fs::symlink_status(ground.in / "l")));
    CHECK_FALSE(ground.has_partial());
    CHECK(files_test::text_of(ground.folder.path / "outside") == "precious");
}
