#include "image/import.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "crypto/digest.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

namespace fs = std::filesystem;

bool cannot_import() {
    return ::geteuid() != 0 || !fs::exists("/usr/bin/skopeo") || !fs::exists("/usr/bin/umoci");
}

/// A data directory on a file system whose ids can be mapped, and an archive as `docker save` writes it.
struct Site {
    std::string folder;

    Site() {
        std::string pattern = "/var/tmp/carrel-test-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~Site() { fs::remove_all(folder); }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    void run(const std::string& command) const {
        REQUIRE(std::system(fmt::format("cd {} && {}", folder, command).c_str()) == 0);
    }
    /// `script` makes the files of the one layer, in an empty folder.
    std::string archive(const std::string& script) const {
        run(fmt::format("mkdir layer && cd layer && {} && tar -cf ../layer.tar .", script));
        const auto layer = core::read_file(folder + "/layer.tar", std::size_t{1} << 30);
        core::replace_file(folder + "/config.json",
                           fmt::format(R"({{"architecture":"amd64","os":"linux","config":{{}},"rootfs":)"
                                       R"({{"type":"layers","diff_ids":["sha256:{}"]}},"history":[{{}}]}})",
                                       crypto::to_hex(crypto::sha256(layer))),
                           0644);
        core::replace_file(folder + "/manifest.json",
                           R"([{"Config":"config.json","RepoTags":["a:b"],"Layers":["layer.tar"]}])", 0644);
        run("tar -cf image.tar manifest.json config.json layer.tar");
        return "docker-archive:" + folder + "/image.tar";
    }
    image::Image import(const std::string& source, const image::ImportBounds& bounds = {}) const {
        return image::import_image(source, "other", folder + "/data", [](std::string_view) {}, bounds);
    }
    core::Error refusal(const std::string& source, const image::ImportBounds& bounds = {}) const {
        try {
            import(source, bounds);
        } catch (const core::Error& error) {
            return error;
        }
        return {core::Code::internal, "it was imported"};
    }
};

}  // namespace

TEST_CASE("an archive becomes an image, with a display when it has an X server and a window manager" *
          doctest::skip(cannot_import())) {
    const Site site;
    const auto image =
        site.import(site.archive("mkdir -p usr/bin etc && echo x > usr/bin/Xvnc && cp usr/bin/Xvnc "
                                 "usr/bin/openbox && chmod 4755 usr/bin/* && "
                                 "echo hello > etc/motd"));
    CHECK(image.facts.has_display);
    CHECK(image.is_imported);
    CHECK(core::read_file(image.root + "/etc/motd") == "hello\n");
    CHECK((fs::status(image.root + "/usr/bin/Xvnc").permissions() & fs::perms::mask) == fs::perms{0755});
    CHECK(image::get_image(site.folder + "/data", "other").is_imported);
}

TEST_CASE("an archive that unpacks to too much is cut, and nothing of it is left" *
          doctest::skip(cannot_import())) {
    const Site site;
    // Much of nothing is little when it is packed.
    const auto source = site.archive("for i in 1 2 3 4 5 6 7 8; do head -c 4000000 /dev/zero > $i; done");
    image::ImportBounds bounds;
    bounds.bytes = 60'000'000;
    const auto too_large = site.refusal(source, bounds);
    CHECK(too_large.code() == core::Code::exhausted);
    CHECK(too_large.message().contains("it unpacks to more than 60 MB"));
    bounds = {};
    bounds.files = 10;
    CHECK(site.refusal(source, bounds).message().contains("or 10 files"));
    bounds = {};
    bounds.spared = std::uint64_t{1} << 60;
    CHECK(site.refusal(source, bounds).message().contains("are left on the disk"));
    CHECK_FALSE(fs::exists(site.folder + "/data/images/other"));
}

TEST_CASE("an archive of folders in one another without end is refused, and nothing of it is left" *
          doctest::skip(cannot_import())) {
    const Site site;
    const auto deep = site.refusal(site.archive("mkdir -p $(printf 'd/%.0s' $(seq 1500))"));
    CHECK(deep.code() == core::Code::exhausted);
    CHECK(deep.message().contains("more than 200 folders in one another"));
    CHECK_FALSE(fs::exists(site.folder + "/data/images/other"));
}

TEST_CASE("what is no source of an image is refused with what would be one") {
    const Site site;
    CHECK(site.refusal("docker://debian").message().contains("write docker-archive:FILE"));
    CHECK(site.refusal("image.tar").message().contains("write docker-archive:FILE"));
    CHECK(site.refusal("dir:/nonexistent").message() == "/nonexistent is no folder");
    CHECK(site.refusal("docker-archive:/").message() == "/ is no file");
}
