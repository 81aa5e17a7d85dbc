#include "image/command.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace carrel;

namespace {

const image::Workplace workplace{"/d/root", "/d/work/steps.sh", "/d/work/puts", "/d/work/apt.conf"};

}  // namespace

TEST_CASE("a recipe becomes the words of mmdebstrap") {
    image::Recipe recipe;
    recipe.suite = "bookworm";
    recipe.packages = {"openbox", "tint2"};
    recipe.excluded = {"/usr/share/man/*"};
    recipe.kept = {"/usr/share/man/man1/*"};
    const auto words = image::mmdebstrap_words(recipe, workplace, {"deb http://a/debian bookworm main"});
    const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
    CHECK(words.front() == "mmdebstrap");
    CHECK(has("--include=openbox,tint2"));
    CHECK(has("--dpkgopt=path-exclude=/usr/share/man/*"));
    CHECK(has("--dpkgopt=path-include=/usr/share/man/man1/*"));
    CHECK(has("--aptopt=/d/work/apt.conf"));
    CHECK(has("--customize-hook=sh -eu '/d/work/steps.sh' \"$1\""));
    CHECK(std::vector<std::string>(words.end() - 3, words.end()) ==
          std::vector<std::string>{"bookworm", "/d/root", "deb http://a/debian bookworm main"});
}

TEST_CASE("steps become a script that says what it does and never leaves the image's root") {
    const std::vector<image::SourceStep> steps{
        {image::PutFile{0644, "/etc/motd"}, "hello"},
        {image::PutProgram{0755, "helper", "/usr/bin/helper"}, "binary"},
        {image::RunCommand{"echo 'it''s'"}, ""},
    };
    const auto script = image::step_script(steps, workplace);
    CHECK(
        script ==
        "chroot \"$1\" sh -euc 'mkdir -p \"$2\"; install -m \"$0\" /dev/stdin \"$1\"' 0644 '/etc/motd' "
        "'/etc' "
        "< '/d/work/puts/0'\n"
        "echo 'carrel: put /usr/bin/helper'\n"
        "chroot \"$1\" sh -euc 'mkdir -p \"$2\"; install -m \"$0\" /dev/stdin \"$1\"' 0755 '/usr/bin/helper' "
        "'/usr/bin' < '/d/work/puts/1'\n"
        "echo 'carrel: run echo '\\''it'\\'''\\''s'\\'''\n"
        "chroot \"$1\" sh -euc 'echo '\\''it'\\'''\\''s'\\'''\n");
}

TEST_CASE("a layer's apt works on the merged root and keeps what is its own out of it") {
    image::Recipe recipe;
    recipe.packages = {"jq"};
    recipe.excluded = {"/usr/share/man/*"};
    recipe.kept = {"/usr/share/man/man1/*"};
    const image::LayerPlace place{"/d:x/images", "up/.building-1", {{"mid", "22"}, {"low", "11"}}};
    const auto settings = image::layer_settings(recipe, place, "Acquire::http::Proxy \"http://proxy\";\n");
    for (const auto* line :
         {"Acquire::http::Proxy \"http://proxy\";\n", "Dir \"/d:x/images/up/.building-1/work/merged\";\n",
          "Dir::State::Lists \"/d:x/images/up/.building-1/work/lists\";\n",
          "DPkg::Options:: \"--path-exclude=/usr/share/man/*\";\n",
          "DPkg::Options:: \"--path-include=/usr/share/man/man1/*\";\n"})
        CHECK_MESSAGE(settings.contains(line), line);

    const auto script = image::layer_script(recipe, place);
    CHECK(script.starts_with("cd '/d:x/images'\n"));
    // By relative paths, the upmost first: a colon of the data directory's would part layers.
    CHECK(script.contains("lowerdir=mid/22/root:low/11/root,upperdir=up/.building-1/root,"));
    CHECK(script.contains("apt-get -q --yes install jq\n"));
    CHECK(script.find("apt-get") < script.find("sh -eu ../steps.sh ."));
    recipe.packages.clear();
    CHECK_FALSE(image::layer_script(recipe, place).contains("apt-get"));
}
