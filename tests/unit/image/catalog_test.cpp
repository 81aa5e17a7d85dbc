#include "image/catalog.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
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
                                 {name, hash, "", created, 1000, 7});
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

TEST_CASE("an image that a desk uses is not removed, and the desk is named") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    data.add("desktop", second, "2026-11-21T10:00:00.000Z");
    data.folder.write("desks/desk_0123456789ab/identity.json", R"({"image":")" + first + R"("})");
    const auto refused = data.refusal("desktop", "");
    CHECK(refused.code() == core::Code::conflict);
    CHECK(refused.message().contains("desk_0123456789ab"));
    CHECK(image::list_images(data.folder.path()).size() == 2);

    const auto removed = image::remove_images(data.folder.path(), "desktop", "bbbbbb");
    REQUIRE(removed.size() == 1);
    CHECK(removed[0].hash == second);
    CHECK_FALSE(data.has("images/desktop/" + second));
    CHECK(data.has("images/desktop/" + first + "/root/etc/motd"));
}

TEST_CASE("removing says what is wrong with what it was asked for") {
    Data data;
    data.add("desktop", first, "2026-11-20T10:00:00.000Z");
    CHECK(data.refusal("desktop", "aaa").code() == core::Code::invalid);
    CHECK(data.refusal("desktop", "cccccc").code() == core::Code::not_found);
    CHECK(data.refusal("other", "").code() == core::Code::not_found);
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
