#include "image/build.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

namespace fs = std::filesystem;

/// What mmdebstrap leaves in a root file system, as far as a build looks at it.
constexpr std::string_view good =
    "#!/bin/sh -eu\n"
    "for word; do case $word in */root) root=$word ;; esac; done\n"
    "mkdir -p $root/dev $root/etc/apt/apt.conf.d $root/var/lib/dpkg\n"
    "printf 'Package: one\\n\\nPackage: two\\n' > $root/var/lib/dpkg/status\n"
    "echo 'Acquire::http::Proxy \"http://user:secret@proxy\";' > $root/etc/apt/apt.conf.d/99mmdebstrap\n"
    "echo 'nameserver 192.0.2.1' > $root/etc/resolv.conf\n"
    "echo host > $root/etc/hostname\n"
    "mknod $root/dev/null c 1 3\n"
    "echo 'I: running apt-get update...'\n";
constexpr std::string_view failing = "#!/bin/sh\necho 'E: the mirror is on fire' >&2\nexit 25\n";
constexpr std::string_view endless = "#!/bin/sh\necho 'carrel: run forever'\nexec sleep 1000\n";

/// A data directory, and a program of our own in the place of mmdebstrap.
struct Site {
    fakes::TempDir folder;
    std::string path_before = std::getenv("PATH");
    std::vector<std::string> shown;

    explicit Site(std::string_view mmdebstrap) {
        fs::permissions(folder.write("bin/mmdebstrap", mmdebstrap), fs::perms{0755});
        ::setenv("PATH", (folder.path() + "/bin:" + path_before).c_str(), 1);
        fs::create_directory(data());
    }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    ~Site() { ::setenv("PATH", path_before.c_str(), 1); }

    std::string data() const { return folder.path() + "/data"; }
    image::Image build() {
        image::Source source;
        source.name = "tiny";
        source.recipe.suite = "bookworm";
        source.hash = std::string(64, 'a');
        return image::build_image(source, data(), [this](std::string_view line) {
            shown.emplace_back(line);
            if (line == "run forever") ::kill(::getpid(), SIGINT);
        });
    }
    bool is_empty() const { return !fs::exists(data() + "/images/tiny"); }
};

bool is_root() { return ::geteuid() == 0; }

}  // namespace

TEST_CASE("a build makes an image with its description, and forgets the host" * doctest::skip(!is_root())) {
    Site site{good};
    const auto image = site.build();
    CHECK(image.root == site.data() + "/images/tiny/" + std::string(64, 'a') + "/root");
    CHECK(image.packages == 2);
    CHECK(image.size > 0);
    CHECK(image.facts == jail::wire::ImageFacts{});
    CHECK(image::get_image(site.data(), "tiny").created == image.created);
    CHECK(core::read_file(image.root + "/etc/resolv.conf").empty());
    CHECK(core::read_file(image.root + "/etc/hostname") == "desk\n");
    CHECK_FALSE(fs::exists(image.root + "/etc/apt/apt.conf.d/99mmdebstrap"));
    CHECK(core::read_file(image.root + "/etc/apt/sources.list").contains("deb.debian.org"));
    CHECK(fs::is_empty(image.root + "/dev"));
    CHECK_FALSE(fs::exists(fs::path{image.root}.parent_path() / "work"));
    CHECK((fs::status(image.root).permissions() & fs::perms{0777}) == fs::perms{0755});
    CHECK(site.shown.back().starts_with("image tiny aaaaaaaaaaaa is ready: 2 packages"));

    site.shown.clear();
    CHECK(site.build().created == image.created);
    CHECK(site.shown == std::vector<std::string>{"image tiny aaaaaaaaaaaa is there already"});
}

TEST_CASE("a layer holds what its steps changed, and names what lies below" * doctest::skip(!is_root())) {
    Site site{good};
    const auto base = site.build();
    for (const auto* folder : {"proc", "run", "tmp", "bin", "var/log"})
        fs::create_directories(base.root + "/" + folder);
    fs::copy_file("/bin/busybox", base.root + "/bin/busybox");
    for (const auto* name : {"sh", "mkdir", "cat", "rm"})
        fs::create_symlink("busybox", base.root + "/bin/" + name);
    // Busybox of Debian has no install; this is as much of it as a step uses.
    core::replace_file(base.root + "/bin/install", "#!/bin/sh\ncat > \"$4\"\n", 0755);
    site.folder.write("data/images/tiny/" + base.hash + "/root/etc/goes", "old");
    image::Source source;
    source.name = "more";
    source.hash = std::string(64, 'b');
    source.recipe.base = "tiny";
    source.recipe.has_no_display = true;
    source.base = {"tiny", base.hash};
    source.steps = {{image::PutFile{0644, "/etc/motd"}, "hello"}, {image::RunCommand{"rm /etc/goes"}, ""}};
    const auto build = [&] { return image::build_image(source, site.data(), [](std::string_view) {}); };
    const auto image = build();
    CHECK(core::read_file(image.root + "/etc/motd") == "hello");
    CHECK_FALSE(fs::exists(image.root + "/bin"));
    CHECK_FALSE(fs::exists(image.root + "/tmp"));
    struct stat gone{};
    REQUIRE(::lstat((image.root + "/etc/goes").c_str(), &gone) == 0);
    CHECK(S_ISCHR(gone.st_mode));  // overlay's mark of a file that is no more
    CHECK(core::read_file(base.root + "/etc/goes") == "old");
    CHECK(image.facts.below == std::vector<jail::wire::Layer>{source.base});
    CHECK_FALSE(image.facts.has_display);
    CHECK(image.packages == 2);
    CHECK(core::read_file(fs::path{image.root}.parent_path() / "facts") ==
          "display none\nlayer tiny " + base.hash + "\n");

    source.hash = std::string(64, 'c');
    source.steps = {{image::RunCommand{"false"}, ""}};
    CHECK_THROWS_WITH_AS(build(),
                         doctest::Contains("building image more: the layer's script ended with status 1"),
                         core::Error);
    source.base.hash = std::string(64, 'd');
    CHECK_THROWS_WITH_AS(build(), doctest::Contains("there is no image tiny dddd"), core::Error);
    // Packages need to know which Debian it is.
    source.base.hash = base.hash;
    source.recipe.packages = {"jq"};
    CHECK_THROWS_WITH_AS(build(), doctest::Contains("it can take no packages"), core::Error);
    CHECK(image::list_images(site.data()).size() == 2);
}

TEST_CASE("a failed build says why and leaves nothing" * doctest::skip(!is_root())) {
    Site site{failing};
    CHECK_THROWS_WITH_AS(site.build(),
                         "building image tiny: mmdebstrap ended with status 25. Its last lines:\n"
                         "E: the mirror is on fire",
                         core::Error);
    CHECK(site.is_empty());
}

TEST_CASE("a cancelled build leaves nothing" * doctest::skip(!is_root())) {
    Site site{endless};
    CHECK_THROWS_WITH_AS(site.build(), "building image tiny: cancelled by SIGINT", core::Error);
    CHECK(site.is_empty());
}

TEST_CASE("what a killed build left is gone after the next one" * doctest::skip(!is_root())) {
    Site site{failing};
    site.folder.write("data/images/tiny/.building-0123456789ab/root/etc/motd", "half");
    CHECK_THROWS_AS(site.build(), core::Error);
    CHECK(site.is_empty());
}
