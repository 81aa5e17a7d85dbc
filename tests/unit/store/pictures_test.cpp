#include "store/pictures.hpp"

#include <doctest/doctest.h>

#include "tests/unit/store/pictures.hpp"

using namespace carrel;
using store::join_pictures;
using store::message_with;
using store::part_pictures;
using store::picture_bytes;
using store::picture_message;

namespace {

std::string join(const store::Parted& parted) {
    std::vector<store::StoredPicture> pictures;
    for (const auto& taken : parted.pictures) pictures.push_back({taken.place, taken.bytes});
    return join_pictures(parted.text, pictures);
}

}  // namespace

TEST_CASE("pictures are taken out of a message and come back byte for byte") {
    const auto picture = core::to_base64(picture_bytes('a'));
    struct Case {
        std::string raw;
        std::size_t pictures;
    };
    for (const auto& [raw, count] : {
             Case{"", 0},
             Case{R"({"role":"user","content":"no picture"})", 0},
             Case{picture_message('a'), 1},
             Case{"[" + picture_message('a') + "," + picture_message('b', 5000) + "]", 2},
             Case{message_with(core::to_base64("\xff\xd8\xff" + std::string(3000, 'j'))), 1},
             Case{message_with(core::to_base64("RIFF1234WEBP" + std::string(3000, 'w'))), 1},
             // Too short to be worth a file, no picture, no base64, base64 that another would write
             // otherwise.
             Case{message_with(core::to_base64(picture_bytes('a', 100))), 0},
             Case{message_with(core::to_base64(std::string(3000, 'x'))), 0},
             Case{message_with(picture + "*"), 0},
             Case{message_with(picture.substr(0, picture.size() - 2)), 0},
             Case{message_with(picture.substr(0, picture.size() - 1) + "\\u003d"), 0},
             // A message that quotes another one, and one that is cut.
             Case{R"({"text":"\"data\":\")" + picture + R"(\""})", 0},
             Case{R"({"x\"data":")" + picture + R"("})", 1},
             Case{R"({"data":")" + picture, 1},
         }) {
        CAPTURE(raw.substr(0, 120));
        const auto parted = part_pictures(raw);
        CHECK(parted.pictures.size() == count);
        CHECK(join(parted) == raw);
        if (count > 0) CHECK(parted.text.size() < 500);
    }
    CHECK(part_pictures(picture_message('a')).pictures[0].media_type == "image/png");
    CHECK(part_pictures(picture_message('a')).pictures[0].bytes == picture_bytes('a'));
}

TEST_CASE("a picture that is lost becomes a pixel that says its type") {
    const auto parted =
        part_pictures(message_with(core::to_base64("\xff\xd8\xff" + std::string(3000, 'j')), "image/jpeg"));
    REQUIRE(parted.pictures.size() == 1);
    const auto joined = join_pictures(parted.text, {{parted.pictures[0].place, std::nullopt}});
    CHECK(joined.find(R"("media_type":"image/png","data":"iVBORw0KGgo)") != std::string::npos);
    CHECK(joined.ends_with(R"(=="}}]})"));
}

TEST_CASE("places that cannot be are left out") {
    CHECK(join_pictures("abc", {{2, "xyz"}, {1, "xyz"}, {9, "xyz"}}) == "ab" + core::to_base64("xyz") + "c");
}
