#include "app/pictures.hpp"

#include <doctest/doctest.h>

#include "app/exit_codes.hpp"
#include "core/text.hpp"

using namespace carrel;
using app::picture_file;
using app::picture_format;
using app::take_pictures;

namespace {

const std::string png = "\x89PNG\r\n\x1a\n and more of it";
const std::string jpeg = "\xff\xd8\xff\xe0 and more of it, too";

}  // namespace

TEST_CASE("a file's name says how a picture is written, or is refused") {
    CHECK(picture_format("a.png") == "png");
    CHECK(picture_format("/x.y/A.JPeG") == "jpeg");
    CHECK(picture_format("a.jpg") == "jpeg");
    CHECK(picture_format("a.webp") == "webp");
    for (const auto* name : {"a.gif", "png", "a", "", ".png", "a.png.txt", "-"})
        CHECK_THROWS_WITH_AS(picture_format(name),
                             doctest::Contains("must end in .png, .jpg, .jpeg or .webp"), app::UsageError);
    CHECK(picture_file("d/a.png", 0) == "d/a.png");
    CHECK(picture_file("d/a.png", 1) == "d/a-2.png");
    CHECK(picture_file("a.webp", 9) == "a-10.webp");
}

TEST_CASE("pictures in an answer are named, each once, wherever they stand") {
    json::Value answer = json::Object{
        {"image", core::to_base64(png)},
        {"base64_image", core::to_base64(png)},
        {"results", json::Array{json::Object{{"source", json::Object{{"data", core::to_base64(jpeg)}}}}}}};
    auto copy = answer;
    const auto pictures = take_pictures(answer, "");
    REQUIRE(pictures.size() == 2);
    CHECK(pictures[0].format == "png");
    CHECK(pictures[0].bytes == png);
    CHECK(pictures[1].format == "jpeg");
    CHECK(answer.at("image") == "(image/png, 23 bytes: --picture FILE saves it)");
    CHECK(answer.at("base64_image") == answer.at("image"));
    take_pictures(copy, "x.png");
    CHECK(copy.at("image") == "(image/png, 23 bytes: in x.png)");
    CHECK(copy.at("results").at(0).at("source").at("data") == "(image/jpeg, 24 bytes: in x-2.png)");
}

TEST_CASE("what is no picture stays as it is") {
    const json::Value answer =
        json::Object{{"image", "no base64"}, {"data", core::to_base64("just a text, long enough")},
                     {"base64_image", ""},   {"output", core::to_base64(png)},
                     {"number", 7},          {"list", json::Array{core::to_base64(png)}}};
    auto copy = answer;
    CHECK(take_pictures(copy, "x.png").empty());
    CHECK(copy == answer);
    json::Value cut = json::Object{{"image", core::to_base64(png).substr(0, 20) + "*"}};
    CHECK(take_pictures(cut, "").empty());
}
