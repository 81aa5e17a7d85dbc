#include "image/recipe.hpp"

#include <doctest/doctest.h>

#include "core/sys.hpp"

using namespace carrel;

namespace {

std::string refusal_of(std::string_view text) {
    const auto recipe = image::parse_recipe(text);
    return recipe ? "accepted" : recipe.error().message();
}

}  // namespace

TEST_CASE("a recipe is read line by line, its steps in order") {
    const auto recipe = image::parse_recipe(
        "# a comment\n"
        "suite bookworm\n"
        "\n"
        "packages openbox  tint2\n"
        "packages libstdc++6\n"
        "exclude /usr/share/man/* /usr/share/doc/*\n"
        "keep /usr/share/doc/*/copyright\n"
        "run mv /usr/bin/a '/usr/bin/b c'   \n"
        "  file 0644 /etc/xdg/openbox/rc.xml\n"
        "program 0755 carrel-xkbcomp /usr/bin/xkbcomp\n");
    REQUIRE(recipe);
    CHECK(recipe->suite == "bookworm");
    CHECK(recipe->packages == std::vector<std::string>{"openbox", "tint2", "libstdc++6"});
    CHECK(recipe->excluded == std::vector<std::string>{"/usr/share/man/*", "/usr/share/doc/*"});
    CHECK(recipe->kept == std::vector<std::string>{"/usr/share/doc/*/copyright"});
    REQUIRE(recipe->steps.size() == 3);
    CHECK(std::get<image::RunCommand>(recipe->steps[0]).command == "mv /usr/bin/a '/usr/bin/b c'");
    CHECK(std::get<image::PutFile>(recipe->steps[1]).path == "/etc/xdg/openbox/rc.xml");
    CHECK(std::get<image::PutFile>(recipe->steps[1]).mode == 0644);
    CHECK(std::get<image::PutProgram>(recipe->steps[2]).name == "carrel-xkbcomp");
    CHECK(std::get<image::PutProgram>(recipe->steps[2]).mode == 0755);
}

TEST_CASE("what is wrong with a recipe is said with the number of its line") {
    struct Case {
        std::string_view text;
        std::string_view refusal;
    };
    const Case cases[] = {
        {"",
         "the recipe names no suite; add a line 'suite bookworm', or 'from desktop' to stand on an image"},
        {"from a\nfrom b\n", "line 2: the image stands on 'a' already"},
        {"from a b\n", "line 1: 'from' takes the name of one image, such as desktop"},
        {"from ../x\n", "line 1: 'from' takes the name of one image, such as desktop"},
        {"from = \"desktop\"\n", "line 1: 'from' takes the name of one image, such as desktop"},
        {"suite bookworm\nfrom desktop\n",
         "an image on 'desktop' has its suite; take out the line 'suite bookworm'"},
        {"display x11\n",
         "line 1: 'display' takes the word none; an image with a display needs no such line"},
        {"suite bookworm\nsuite sid\n", "line 2: the suite is already 'bookworm'"},
        {"suite\n", "line 1: 'suite' needs something after it"},
        {"suite a b\n", "line 1: 'suite' takes one name, such as bookworm"},
        {"suite bookworm\npackage x\n", "line 2: 'package' is unknown; did you mean 'packages'?"},
        {"suite bookworm\npackages xterm xterm\n", "line 2: the package 'xterm' stands twice"},
        {"suite bookworm\npackages --option\n", "line 2: '--option' is not a name of a package"},
        {"suite bookworm\npackages Xterm\n", "line 2: 'Xterm' is not a name of a package"},
        {"suite bookworm\nexclude usr/*\n", "line 2: a path is absolute, without '..', not 'usr/*'"},
        {"file 644 /etc/x\n", "line 1: a mode is four octal digits, such as 0644, not '644'"},
        {"file 4755 /etc/x\n", "line 1: a mode is four octal digits, such as 0644, not '4755'"},
        {"file 0844 /etc/x\n", "line 1: a mode is four octal digits, such as 0644, not '0844'"},
        {"file 0644 /etc/../x\n", "line 1: a path is absolute, without '..', not '/etc/../x'"},
        {"file 0644 /etc//x\n", "line 1: a path is absolute, without '..', not '/etc//x'"},
        {"file 0644 /etc/$x\n", "line 1: a path is absolute, without '..', not '/etc/$x'"},
        {"file 0644\n", "line 1: 'file' takes a mode and a path"},
        {"program 0755 ../x /usr/bin/x\n", "line 1: '../x' is not a name of a program"},
        {"program 0755 x\n", "line 1: 'program' takes a mode, a program's name and a path"},
        {"run\n", "line 1: 'run' needs something after it"},
        {"run a\tb\n", "line 1: control characters and tabs are not allowed"},
        {"suite bookworm\r\n", "line 1: control characters and tabs are not allowed"},
        {"run \xff\n", "the recipe is not UTF-8"},
    };
    for (const auto& wrong : cases) CHECK(refusal_of(wrong.text) == wrong.refusal);
}

TEST_CASE("a recipe stands on another image, and may be without a display") {
    const auto recipe = image::parse_recipe("from python\ndisplay none\npackages jq\n");
    REQUIRE(recipe);
    CHECK(recipe->base == "python");
    CHECK(recipe->suite.empty());
    CHECK(recipe->has_no_display);
    CHECK_FALSE(image::parse_recipe("suite bookworm\n")->has_no_display);
}

TEST_CASE("the recipes that come with Carrel are good ones") {
    struct Case {
        std::string name, suite, base;
        bool has_no_display;
    };
    const Case cases[] = {{"desktop", "bookworm", "", false},
                          {"python", "bookworm", "", true},
                          {"python-datascience", "", "python", false},
                          {"desktop-office", "", "desktop", false}};
    for (const auto& [name, suite, base, has_no_display] : cases) {
        CAPTURE(name);
        const auto recipe =
            image::parse_recipe(core::read_file(CARREL_SOURCE_DIR "/image/" + name + "/recipe"));
        REQUIRE_MESSAGE(recipe, recipe.error().message());
        CHECK(recipe->suite == suite);
        CHECK(recipe->base == base);
        CHECK(recipe->has_no_display == has_no_display);
    }
}
