#include "image/builds.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
#include "tests/fakes/file_time.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

const std::string first(64, 'a');
const std::string second(64, 'b');
const std::string third(64, 'c');

struct Data {
    fakes::TempDir folder;

    Data() {
        add("desktop", first, "2026-11-20T10:00:00.000Z");
        add("desktop", second, "2026-11-21T10:00:00.000Z");
    }
    const std::string& path() const { return folder.path(); }
    void add(const std::string& name, const std::string& hash, const std::string& created,
             std::vector<jail::wire::Layer> below = {}) {
        folder.write("images/" + name + "/" + hash + "/root/etc/motd", "hello");
        image::write_description(folder.path() + "/images/" + name + "/" + hash,
                                 {name, hash, "", created, 1000, 7, {true, std::move(below)}, false});
        fakes::set_time(folder.path() + "/images/" + name + "/" + hash, created);
    }
    void use(const std::string& desk, const std::string& name, const std::string& hash,
             const std::string& place = "desks") {
        folder.write(place + "/" + desk + "/identity.json",
                     R"({"image":")" + name + R"(","image_hash":")" + hash + R"("})");
    }
    bool has(const std::string& name, const std::string& hash) const {
        return std::filesystem::exists(folder.path() + "/images/" + name + "/" + hash + "/root/etc/motd");
    }
    std::string current(std::string_view name = "desktop") const {
        return image::get_image(path(), name).hash;
    }
    template <class Act>
    core::Error refusal(Act act) const {
        try {
            act();
        } catch (const core::Error& error) {
            return error;
        }
        return {core::Code::internal, "nothing was refused"};
    }
    core::Error refusal_to_remove(std::string_view name, std::string_view hash = {}) const {
        return refusal([&] { image::remove_images(path(), name, hash); });
    }
};

}  // namespace

TEST_CASE("new desks get the newest build, or the one that was chosen, until newest is chosen again") {
    Data data;
    CHECK(data.current() == second);
    CHECK(image::use_build(data.path(), "desktop", "aaaaaa").hash == first);
    CHECK(data.current() == first);
    data.add("desktop", third, "2026-11-22T10:00:00.000Z");
    CHECK(data.current() == first);
    CHECK(image::use_build(data.path(), "desktop", second).hash == second);
    CHECK(data.current() == second);
    CHECK(image::use_build(data.path(), "desktop", "newest").hash == third);
    CHECK(data.current() == third);
    CHECK(image::use_build(data.path(), "desktop", "newest").hash == third);
}

TEST_CASE("a choice is refused when there is no such build, and says so") {
    Data data;
    const auto use = [&](std::string_view name, std::string_view hash) {
        return data.refusal([&] { image::use_build(data.path(), name, hash); }).message();
    };
    CHECK(use("desktop", "cccccc").contains("there is no image desktop cccccc in"));
    CHECK(use("other", "newest").contains("there is no image other"));
    CHECK(use("desktop", "aaa") == "'aaa' is too short for a hash; give at least 6 digits");
    CHECK(use("../desktop", "aaaaaa").contains("cannot be an image's name"));
    CHECK(data.current() == second);
}

TEST_CASE("a choice that points elsewhere, or at nothing, is none") {
    Data data;
    const auto link = data.path() + "/images/desktop/current";
    for (const auto& target : {std::string{"../../etc"}, third, "/" + first, std::string{"."}}) {
        std::filesystem::create_symlink(target, link);
        CHECK(data.current() == second);
        std::filesystem::remove(link);
    }
}

TEST_CASE("builds are listed with what holds them") {
    Data data;
    data.add("office", third, "2026-11-22T10:00:00.000Z", {{"desktop", first}});
    data.use("desk_0123456789ab", "desktop", second);
    data.use("desk_0123456789ac", "desktop", second);
    // The same hash under another name is another image.
    data.use("desk_0123456789ad", "other", first);
    image::use_build(data.path(), "desktop", first);
    const auto builds = image::list_builds(data.path());
    REQUIRE(builds.size() == 3);
    CHECK(builds[0].image.hash == second);
    CHECK_FALSE(builds[0].is_current);
    CHECK(builds[0].desks == std::vector<std::string>{"desk_0123456789ab", "desk_0123456789ac"});
    CHECK(builds[1].is_current);
    CHECK(builds[1].is_chosen);
    CHECK(builds[1].desks.empty());
    CHECK(builds[1].images == std::vector<std::string>{"office cccccccccccc"});
    CHECK(builds[2].is_current);
    CHECK_FALSE(builds[2].is_chosen);
}

TEST_CASE("an image that a desk uses is not removed, and the desk is named") {
    Data data;
    data.use("desk_0123456789ab", "desktop", first);
    const auto refused = data.refusal_to_remove("desktop");
    CHECK(refused.code() == core::Code::conflict);
    CHECK(refused.message() ==
          "the image desktop aaaaaaaaaaaa is used by desk desk_0123456789ab; remove it first");
    CHECK(data.has("desktop", second));
    CHECK(image::remove_images(data.path(), "desktop", "bbbbbb").size() == 1);
    CHECK_FALSE(data.has("desktop", second));
    CHECK(data.has("desktop", first));
    // A desk whose file a crash cut may use whatever it names.
    data.folder.write("desks/desk_0123456789ab/identity.json", R"({"image_hash":")" + first);
    CHECK(data.refusal_to_remove("desktop").code() == core::Code::conflict);
}

TEST_CASE("an image below another is not removed, and the other is named") {
    Data data;
    data.add("office", third, "2026-11-22T10:00:00.000Z", {{"desktop", first}});
    CHECK(data.refusal_to_remove("desktop", first).message() ==
          "the image desktop aaaaaaaaaaaa is below image office cccccccccccc; remove it first");
    CHECK(image::remove_images(data.path(), "office").size() == 1);
    CHECK(image::remove_images(data.path(), "desktop").size() == 2);
    CHECK_FALSE(std::filesystem::exists(data.path() + "/images/desktop"));
}

TEST_CASE("removing refuses what is not there, and a hash of a few digits") {
    Data data;
    CHECK(data.refusal_to_remove("desktop", "aaa").message() ==
          "'aaa' is too short for a hash; give at least 6 digits");
    CHECK(data.refusal_to_remove("desktop", "cccccc").code() == core::Code::not_found);
    CHECK(data.refusal_to_remove("..", "").code() == core::Code::invalid);
    CHECK(data.has("desktop", first));
}

TEST_CASE("with the chosen build its choice goes") {
    Data data;
    image::use_build(data.path(), "desktop", first);
    image::remove_images(data.path(), "desktop", first);
    CHECK(data.current() == second);
    CHECK_FALSE(std::filesystem::is_symlink(data.path() + "/images/desktop/current"));
}

TEST_CASE("pruning keeps what is current, what desks use, and what lies below those") {
    Data data;
    data.add("desktop", third, "2026-11-22T10:00:00.000Z");
    data.add("office", first, "2026-11-20T10:00:00.000Z", {{"desktop", first}});
    data.add("office", second, "2026-11-21T10:00:00.000Z", {{"desktop", second}});
    data.use("desk_0123456789ab", "office", first);
    CHECK(image::prune_images(data.path()).empty());
    std::filesystem::remove_all(data.path() + "/desks");
    const auto gone = image::prune_images(data.path());
    REQUIRE(gone.size() == 2);
    CHECK(gone[0].name == "desktop");
    CHECK(gone[0].hash == first);
    CHECK(gone[1].name == "office");
    CHECK(gone[1].hash == first);
    CHECK(data.has("desktop", third));
    CHECK(data.has("desktop", second));
    CHECK(data.has("office", second));
}

TEST_CASE("who asks for an image that is not there is told of those that are") {
    Data data;
    data.add("office", third, "2026-11-22T10:00:00.000Z");
    const auto error = image::no_image(data.path(), "offise");
    CHECK(error.code() == core::Code::invalid);
    CHECK(error.reason() == "no_image");
    CHECK(error.message() ==
          "there is no image 'offise', but desktop, office; `carrel image build offise` makes what has a "
          "recipe");
    CHECK(image::no_image("/nonexistent", "desktop").message() ==
          "there is no image 'desktop': build it with `carrel image build desktop`");
    CHECK(image::no_image("/nonexistent", "desktop").code() == core::Code::unavailable);
}

TEST_CASE("a desk that sleeps needs its build as one that runs does") {
    Data data;
    data.use("desk_0123456789ab", "desktop", first, "asleep");
    CHECK(data.refusal_to_remove("desktop", first).message().contains("desk_0123456789ab"));
    image::prune_images(data.path());
    CHECK(data.has("desktop", first));
}
