#include "image/catalog.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
#include "image/builds.hpp"
#include "tests/fakes/file_time.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

const std::string first(64, 'a');
const std::string second(64, 'b');

struct Data {
    fakes::TempDir folder;

    void add(const std::string& name, const std::string& hash, const std::string& created) {
        folder.write("images/" + name + "/" + hash + "/root/etc/motd", "hello");
        image::write_description(folder.path() + "/images/" + name + "/" + hash,
                                 {name, hash, "", created, 1000, 7, {}, false});
        fakes::set_time(folder.path() + "/images/" + name + "/" + hash, created);
    }
    bool has(const std::string& path) const { return std::filesystem::exists(folder.path() + "/" + path); }
    core::Error refusal(std::string_view name, std::string_view hash) const {
        try {
            image::remove_images(folder.path(), name, hash);
        } catch (const core::Error& error) {
            return error;
        }
        return {core::Code::internal, "nothing was refused"};
    }
};

}  // namespace

TEST_CASE("no data directory, no images") {
    CHECK(image::list_images("/nonexistent").empty());
    CHECK_FALSE(image::find_image("/nonexistent", "desktop"));
}

TEST_CASE("images are listed by name, the newest first, and found by name or hash") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    data.add("desktop", second, "2026-11-21T10:00:00.000Z");
    data.add("bare", first, "2026-11-20T10:00:00.000Z");
    data.folder.write("images/desktop/.building-1/root/x", "half");
    data.folder.write("images/desktop/" + std::string(64, 'c') + "/image.json", "not JSON");
    const auto images = image::list_images(data.folder.path());
    REQUIRE(images.size() == 3);
    CHECK(images[0].name == "bare");
    CHECK(images[1].hash == second);
    CHECK(images[2].hash == first);
    CHECK(images[1].root == data.folder.path() + "/images/desktop/" + second + "/root");
    CHECK(images[1].size == 1000);
    CHECK(images[1].packages == 7);
    CHECK(image::get_image(data.folder.path(), "desktop").hash == second);
    CHECK(image::get_image(data.folder.path(), "desktop", "aaaaaa").hash == first);
    CHECK_THROWS_WITH(image::get_image(data.folder.path(), "other"),
                      doctest::Contains("make it with 'carrel image build other'"));
    CHECK_THROWS_AS(image::get_image(data.folder.path(), "../x"), core::Error);
}

TEST_CASE("what an image stands on is read from its facts, and an image with wrong ones is left out") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    CHECK(image::get_image(data.folder.path(), "desktop").facts.below.empty());
    data.folder.write("images/desktop/" + first + "/facts", "display none\nlayer base " + second + "\n");
    const auto facts = image::get_image(data.folder.path(), "desktop").facts;
    CHECK_FALSE(facts.has_display);
    CHECK(facts.below == std::vector<jail::wire::Layer>{{"base", second}});
    data.folder.write("images/desktop/" + first + "/facts", "layer ../.. x\n");
    CHECK_FALSE(image::find_image(data.folder.path(), "desktop"));
}

TEST_CASE("an image of before there were facts has a display and stands on nothing") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    std::filesystem::remove(data.folder.path() + "/images/desktop/" + first + "/facts");
    data.folder.write("images/desktop/" + first + "/image.json",
                      R"({"name":"desktop","hash":")" + first + R"(","created":"x","size":1,"packages":2})");
    CHECK(image::get_image(data.folder.path(), "desktop").facts == jail::wire::ImageFacts{});
}

TEST_CASE("the last image of a name takes its folder along, and half images are swept away") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    data.folder.write("images/desktop/.building-1/root/x", "half");
    image::remove_images(data.folder.path(), "desktop");
    CHECK_FALSE(data.has("images/desktop"));
}

TEST_CASE("one at a time builds or removes") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    const auto lock = image::lock_images(data.folder.path());
    CHECK(data.refusal("desktop", "").code() == core::Code::conflict);
    CHECK(data.refusal("desktop", "").message().contains("(process "));
}
