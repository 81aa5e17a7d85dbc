#include "desk/picture/pictures.hpp"

#include <doctest/doctest.h>

#include "tests/unit/desk/picture/png_reader.hpp"

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

/// A screen, its pictures, and the pointer in a corner.
struct Scene {
    Scene() { take(); }

    void take() {
        captured = screen.data;
        pictures.set_pixels(captured, screen.size);
    }
    void dot(int x, int y, std::uint32_t colour) {
        screen.data[static_cast<std::size_t>(y) * screen.size.width + x] = colour;
    }
    Shot whole(bool has_cursor = false) const {
        return {.region = {0, 0, screen.size.width, screen.size.height},
                .size = screen.size,
                .has_cursor = has_cursor};
    }

    Image screen{std::vector<std::uint32_t>(200 * 100, 0x00ffffff), {200, 100}};
    std::vector<std::uint32_t> captured;
    Pictures pictures;
};

Cursor cursor_at(int x, int y) { return {x, y, {2, 2}, std::vector<std::uint32_t>(4, 0xff000000)}; }

/// The picture with the rectangles put in.
std::vector<std::uint32_t> apply(std::vector<std::uint32_t> pixels, int width, const Shown& shown) {
    for (const auto& part : shown.parts) {
        const auto read = read_png(part.bytes);
        REQUIRE(read.size == part.place.size());
        for (int y = 0; y < read.size.height; ++y)
            for (int x = 0; x < read.size.width; ++x)
                pixels[static_cast<std::size_t>(part.place.y0 + y) * width + part.place.x0 + x] =
                    read.pixels[static_cast<std::size_t>(y) * read.size.width + x];
    }
    return pixels;
}

}  // namespace

TEST_CASE("the pointer is drawn or not, wherever it lies and whatever was asked before") {
    Scene scene;
    for (const auto& [x, y] : {std::pair{50, 40}, {-1, -1}, {199, 99}, {500, 500}, {-9, 5}}) {
        scene.pictures.set_cursor(cursor_at(x, y));
        auto with = scene.screen;
        draw_cursor(with.data, with.size, cursor_at(x, y));
        for (const bool has_cursor : {true, false, false, true}) {
            const auto shown = scene.pictures.show(scene.whole(has_cursor), {});
            CHECK(read_png(shown.picture->bytes).pixels == colours_of(has_cursor ? with : scene.screen));
        }
    }
    CHECK(scene.pictures.show(scene.whole(false), {}).frame == describe(scene.screen.pixels()).id);
}

TEST_CASE("the same screen is the same picture, also when it was captured again") {
    Scene scene;
    CHECK_FALSE(scene.pictures.find(scene.whole(), {}));
    const auto first = scene.pictures.show(scene.whole(), {});
    CHECK(scene.pictures.find(scene.whole(), {})->picture == first.picture);
    scene.take();
    CHECK_FALSE(scene.pictures.find(scene.whole(), {}));
    CHECK(scene.pictures.show(scene.whole(), {}).picture == first.picture);
    scene.dot(3, 3, 0);
    scene.take();
    const auto second = scene.pictures.show(scene.whole(), {});
    CHECK(second.frame != first.frame);
    CHECK(read_png(second.picture->bytes).pixels == colours_of(scene.screen));
}

TEST_CASE("who knows the frame is told that nothing has changed, without a picture") {
    Scene scene;
    const auto first = scene.pictures.show(scene.whole(), {});
    for (const bool wants_difference : {true, false}) {
        const auto again = scene.pictures.show(scene.whole(), {first.frame, wants_difference});
        CHECK(again.change == Shown::Change::unchanged);
        CHECK_FALSE(again.picture);
        CHECK(scene.pictures.find(scene.whole(), {first.frame, wants_difference})->change ==
              Shown::Change::unchanged);
    }
}

TEST_CASE("rectangles put into the picture that is known make the one that is shown") {
    Scene scene;
    // Something to compress, so that all of it is larger than a part.
    for (int i = 0; i < 200 * 100; ++i)
        scene.screen.data[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(i * i) & 0xffffff;
    scene.take();
    const auto before = scene.pictures.show(scene.whole(), {});
    const auto pixels = read_png(before.picture->bytes).pixels;
    scene.dot(70, 40, 0x123456);
    scene.dot(199, 99, 0x654321);
    scene.take();
    const auto shown = scene.pictures.show(scene.whole(), {before.frame, true});
    REQUIRE(shown.change == Shown::Change::rectangles);
    CHECK(shown.parts.size() == 2);
    CHECK(apply(pixels, 200, shown) == colours_of(scene.screen));
}

TEST_CASE(
    "the whole is shown when it is smaller, when the frame is not known any more, or another size is "
    "wanted") {
    Scene scene;
    const auto before = scene.pictures.show(scene.whole(), {});
    for (auto& pixel : scene.screen.data) pixel = 0x00336699;
    scene.take();
    CHECK(scene.pictures.show(scene.whole(), {before.frame, true}).change == Shown::Change::whole);
    CHECK(scene.pictures.show(scene.whole(), {12345, true}).change == Shown::Change::whole);
    auto half = scene.whole();
    half.size = {100, 50};
    const auto scaled = scene.pictures.show(half, {before.frame, true});
    CHECK(scaled.change == Shown::Change::whole);
    CHECK(read_png(scaled.picture->bytes).size == Size{100, 50});
}

TEST_CASE("pictures of different formats of one screen share its frame") {
    Scene scene;
    auto shot = scene.whole();
    const auto png = scene.pictures.show(shot, {});
    shot.format = Format::jpeg;
    shot.quality = 85;
    const auto jpeg = scene.pictures.show(shot, {});
    CHECK(jpeg.frame == png.frame);
    CHECK(jpeg.picture->bytes.starts_with("\xff\xd8"));
    shot.format = Format::webp;
    for (const int quality : {0, 85}) {
        shot.quality = quality;
        const auto webp = scene.pictures.show(shot, {});
        CHECK(webp.picture->bytes.starts_with("RIFF"));
        CHECK(webp.picture->media_type == "image/webp");
    }
}
