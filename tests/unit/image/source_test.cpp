#include "image/source.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

constexpr std::string_view recipe =
    "suite bookworm\n"
    "file 0644 /etc/motd\n"
    "program 0755 helper /usr/bin/helper\n"
    "run true\n";

/// A recipe with one file and one program, as they lie in a source tree.
struct Tree {
    fakes::TempDir folder;

    Tree() {
        write_recipe(recipe);
        folder.write("tiny/files/etc/motd", "hello\n");
        folder.write("bin/helper", "binary");
    }
    void write_recipe(std::string_view text) { folder.write("tiny/recipe", text); }
    image::Source load() const { return image::load_source(folder.path() + "/tiny", folder.path() + "/bin"); }
    std::string hash() const { return load().hash; }
    std::string refusal() const {
        try {
            load();
            return "accepted";
        } catch (const core::Error& error) {
            return error.message().substr(error.message().find("tiny"));
        }
    }
};

}  // namespace

TEST_CASE("a source has its folder's name and the bytes of what it puts") {
    const Tree tree;
    const auto source = tree.load();
    CHECK(source.name == "tiny");
    REQUIRE(source.steps.size() == 3);
    CHECK(source.steps[0].content == "hello\n");
    CHECK(source.steps[1].content == "binary");
    CHECK(source.hash.size() == 64);
}

TEST_CASE("the hash changes with everything that changes the image, and with nothing else") {
    Tree tree;
    const auto before = tree.hash();
    CHECK(tree.hash() == before);

    tree.write_recipe("# why\n\n" + std::string{recipe});
    CHECK(tree.hash() == before);

    tree.folder.write("tiny/files/etc/motd", "hello!\n");
    CHECK(tree.hash() != before);
    tree.folder.write("tiny/files/etc/motd", "hello\n");
    CHECK(tree.hash() == before);

    tree.folder.write("bin/helper", "another");
    CHECK(tree.hash() != before);
    tree.folder.write("bin/helper", "binary");

    for (const auto* more :
         {"packages jq\n", "exclude /usr/share/man/*\n", "keep /usr/share/man/*\n", "run false\n"}) {
        tree.write_recipe(std::string{recipe} + more);
        CHECK_MESSAGE(tree.hash() != before, more);
    }
}

TEST_CASE("what a recipe names must be there, and what is there must be named") {
    Tree tree;
    tree.write_recipe("suite bookworm\nfile 0644 /etc/motd\nfile 0644 /etc/absent\n");
    CHECK(tree.refusal().starts_with("tiny/files/etc/absent is missing, but "));
    tree.write_recipe("suite bookworm\n");
    CHECK(tree.refusal().starts_with("tiny/files/etc/motd is in no line of "));
    tree.write_recipe("suite bookworm\nfile 0644 /etc/motd\nprograms x\n");
    CHECK(tree.refusal().starts_with("tiny/recipe: line 3: 'programs' is unknown"));
}

TEST_CASE("a recipe is found from where the programs lie") {
    const fakes::TempDir folder;
    const auto built = folder.path() + "/build/release/bin";
    std::filesystem::create_directories(built);
    CHECK_THROWS_AS(image::find_recipe_folder("tiny", built), core::Error);
    folder.write("image/tiny/recipe", recipe);
    CHECK(image::find_recipe_folder("tiny", built) == folder.path() + "/image/tiny");

    const auto installed = folder.path() + "/usr/bin";
    std::filesystem::create_directories(installed);
    folder.write("usr/share/carrel/image/tiny/recipe", recipe);
    CHECK(image::find_recipe_folder("tiny", installed) == folder.path() + "/usr/share/carrel/image/tiny");
    CHECK_THROWS_AS(image::find_recipe_folder("../tiny", built), core::Error);
}

TEST_CASE("a name of an image is safe in a path") {
    for (const auto* good : {"desktop", "a", "my-image_2"}) CHECK(image::is_image_name(good));
    for (const auto* bad : {"", ".", "..", "a/b", "A", "a b", ".building-1"})
        CHECK_FALSE(image::is_image_name(bad));
    CHECK_FALSE(image::is_image_name(std::string(41, 'a')));
}
