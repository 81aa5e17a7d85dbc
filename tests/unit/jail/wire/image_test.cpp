#include "jail/wire/image.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace carrel::jail;

namespace {

const std::string one(64, '1'), two(64, '2');

std::string refusal_of(const std::string& text) {
    const auto facts = wire::parse_image_facts(text);
    return facts ? "accepted" : facts.error().message();
}

}  // namespace

TEST_CASE("What is written down about an image is read again") {
    const wire::ImageFacts facts[] = {
        {}, {false, {}}, {true, {{"desktop", one}}}, {false, {{"python-datascience", one}, {"python", two}}}};
    for (const auto& each : facts)
        CHECK(wire::parse_image_facts(wire::format_image_facts(each)).value() == each);
    CHECK(wire::format_image_facts({}) == "");
    CHECK(wire::format_image_facts(facts[3]) ==
          fmt::format("display none\nlayer python-datascience {}\nlayer python {}\n", one, two));
}

TEST_CASE("A path, a half hash, an unknown word or too much is no fact of an image") {
    const std::vector<std::string> lines{"layer ../../etc " + one,
                                         "layer /etc " + one,
                                         "layer desktop " + one.substr(1),
                                         "layer desktop ../" + one,
                                         "layer desktop",
                                         "layer desktop " + one + " more",
                                         "layer -x " + one,
                                         "layer " + std::string(33, 'a') + " " + one,
                                         "display x11",
                                         "display none ",
                                         "mount /etc",
                                         std::string{"layer\0x", 7}};
    for (const auto& line : lines) CHECK_MESSAGE(refusal_of(line + "\n") != "accepted", line);
    CHECK(refusal_of(fmt::format("layer a {0}\nlayer a {0}\n", one)) ==
          "the layer a 111111111111 stands twice");
    std::string many;
    for (std::size_t i = 0; i <= wire::most_layers_below; ++i) many += fmt::format("layer a{} {}\n", i, one);
    CHECK(refusal_of(many) == "9 layers lie below the image, but at most 8 may");
    CHECK(many.size() < wire::largest_image_facts);
}

TEST_CASE("A name of an image is safe in a path and on a command line") {
    for (const auto* good : {"desktop", "a", "python-3", "0"}) CHECK(wire::is_image_name(good));
    for (const auto* bad : {"", ".", "..", "a/b", "A", "a b", "-a", "my_image", ".building-1", "a@b"})
        CHECK_FALSE(wire::is_image_name(bad));
    CHECK(wire::is_image_name(std::string(32, 'a')));
    CHECK_FALSE(wire::is_image_name(std::string(33, 'a')));
}
