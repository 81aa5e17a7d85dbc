// Desks of images that stand on others.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

namespace {

namespace fs = std::filesystem;

const std::string middle_hash(64, 'b');
const std::string upmost_hash(64, 'c');

void write_text(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
}

/// Two layers on the tests' image "tiny"; the upmost takes away a file and covers a folder.
void add_layers(const JailUnderTest& jail, const std::string& tiny_hash) {
    const auto images = fs::path{jail.data()} / "images";
    const auto middle = images / "middle" / middle_hash;
    write_text(middle / "root/etc/who", "middle\n");
    write_text(middle / "root/etc/goes", "middle\n");
    write_text(middle / "root/opt/covered/old", "middle\n");
    write_text(middle / "facts", "layer tiny " + tiny_hash + "\n");
    const auto upmost = images / "upmost" / upmost_hash;
    write_text(upmost / "root/etc/who", "upmost\n");
    write_text(upmost / "root/opt/covered/new", "upmost\n");
    REQUIRE(::mknod((upmost / "root/etc/goes").c_str(), S_IFCHR, makedev(0, 0)) == 0);
    REQUIRE(::setxattr((upmost / "root/opt/covered").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
    write_text(upmost / "facts",
               "display none\nlayer middle " + middle_hash + "\nlayer tiny " + tiny_hash + "\n");
}

void check_layers(JailUnderTest& jail) {
    auto spec = jail.spec();
    add_layers(jail, spec.image_hash);
    spec.image = "upmost";
    spec.image_hash = upmost_hash;
    jail.start(spec);
    CHECK(jail.shell(spec.id,
                     "cat /etc/who /home/agent/note; ls /etc/goes 2>/dev/null; ls /opt/covered; echo "
                     "$CARREL_DISPLAY") == "upmost\nfrom the image\nnew\nnone\nstatus 0\n");
    auto below = jail.spec();
    below.image = "middle";
    below.image_hash = middle_hash;
    jail.start(below);
    CHECK(jail.shell(below.id, "cat /etc/who /etc/goes; ls /opt/covered; echo [$CARREL_DISPLAY]") ==
          "middle\nmiddle\nold\n[]\nstatus 0\n");
}

std::string refusal(JailUnderTest& jail, const jail::wire::Spec& spec) {
    const auto answer = jail.ask(jail::wire::Start{spec}).answer;
    return answer.error ? answer.error->message() : "it started";
}

}  // namespace

TEST_CASE("A desk has the files of all its image's layers, those of the upmost first") {
    JailUnderTest jail;
    check_layers(jail);
}

TEST_CASE("Layers are mounted by paths where the kernel takes no descriptors") {
    JailUnderTest jail{JailUnderTest::Kernel::debian_12};
    check_layers(jail);
}

TEST_CASE("An image whose facts are wrong, or whose layers are not there, makes no desk and leaves nothing") {
    JailUnderTest jail;
    auto spec = jail.spec();
    add_layers(jail, spec.image_hash);
    spec.image = "middle";
    spec.image_hash = middle_hash;
    const auto facts = jail.data() + "/images/middle/" + middle_hash + "/facts";
    for (const auto& [text, wanted] :
         {std::pair{"layer ../../../etc " + middle_hash, "names no build of an image"},
          std::pair{std::string{"mount /etc"}, "is no fact of an image"},
          std::pair{"layer tiny " + upmost_hash, "image middle has no build"},
          std::pair{std::string(4096, '\n'), "larger than"}}) {
        write_text(facts, text);
        CHECK(refusal(jail, spec).contains(wanted));
    }
    CHECK(jail.ask(jail::wire::List{}).answer.fields.empty());
    CHECK(fs::is_empty(jail.data() + "/desks"));
}
