#include "image/source.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

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
    image::Source load() const { return load_stack().back(); }
    std::vector<image::Source> load_stack(const std::string& name = "tiny") const {
        return image::load_stack(folder.path() + "/" + name, folder.path() + "/bin");
    }
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

    for (const auto* more : {"packages jq\n", "exclude /usr/share/man/*\n", "keep /usr/share/man/*\n",
                             "run false\n", "display none\n"}) {
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
    CHECK_THROWS_AS(image::find_recipe_folder("..", built), core::Error);
    // A path is a folder of one's own.
    CHECK(image::find_recipe_folder(folder.path() + "/image/tiny", built) == folder.path() + "/image/tiny");
    CHECK_THROWS_WITH(image::find_recipe_folder("./nowhere", built), "there is no ./nowhere/recipe");
}

TEST_CASE("what a recipe stands on is read first, and its hash counts") {
    Tree tree;
    tree.folder.write("more/recipe", "from tiny\npackages jq\n");
    tree.folder.write("most/recipe", "from more\nrun true\n");
    const auto stack = tree.load_stack("most");
    REQUIRE(stack.size() == 3);
    CHECK(stack[0].name == "tiny");
    CHECK(stack[1].base == jail::wire::Layer{"tiny", stack[0].hash});
    CHECK(stack[2].base == jail::wire::Layer{"more", stack[1].hash});
    tree.folder.write("tiny/files/etc/motd", "another\n");
    CHECK(tree.load_stack("most")[2].hash != stack[2].hash);
}

TEST_CASE("a recipe that stands on itself, on too many or on none that is there is refused") {
    Tree tree;
    const auto refusal = [&](const std::string& name) {
        try {
            tree.load_stack(name);
            return std::string{"accepted"};
        } catch (const core::Error& error) {
            return error.message();
        }
    };
    tree.folder.write("one/recipe", "from two\n");
    tree.folder.write("two/recipe", "from one\n");
    CHECK(refusal("one").contains("more than 8 images stand on each other, or one on itself"));
    tree.folder.write("lone/recipe", "from absent\n");
    CHECK(refusal("lone").starts_with("there is no recipe absent; it would be in "));
    tree.folder.write("My_Image/recipe", "suite bookworm\n");
    CHECK(refusal("My_Image").contains("cannot name an image: use 1 to 32 of a-z, 0-9 and -"));
    std::string below = "tiny";
    for (int number = 1; number <= 8; ++number) {
        tree.folder.write(fmt::format("high{}/recipe", number), "from " + below + "\n");
        below = fmt::format("high{}", number);
    }
    CHECK(refusal("high8") == "accepted");
    tree.folder.write("high9/recipe", "from high8\n");
    CHECK(refusal("high9").contains("more than 8 images"));
}
