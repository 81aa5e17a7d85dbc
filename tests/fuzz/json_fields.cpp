// JSON text into a described struct: parsed, decoded, and every problem with a path.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "core/text.hpp"
#include "json/fields.hpp"
#include "json/parse.hpp"

using namespace carrel::json;

namespace {

struct Point {
    int x = 0;
    double y = 0;
};
struct Thing {
    std::string name;
    std::optional<Point> at;
    std::vector<std::string> words;
    std::int64_t count = 1;
    bool is_on = false;
};

const Shape<Point>& point() {
    static const Shape<Point> shape{field("x", &Point::x, "pixels", between(0, 100)),
                                    field("y", &Point::y, "pixels")};
    return shape;
}

const Shape<Thing>& thing() {
    static const Shape<Thing> shape{
        field("name", &Thing::name, "what it is called", length_between(1, 10)),
        field("at", &Thing::at, "where", point()),
        field("words", &Thing::words, "some words", length_between(0, 3)).with_default(),
        field("count", &Thing::count, "how many", between(1, 1000)).with_default(),
        field("is_on", &Thing::is_on, "whether").with_default(),
    };
    return shape;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = parse({reinterpret_cast<const char*>(data), size});
    if (!value) return 0;
    // What is written parses again. (Not always to the same last digit: Boost.JSON 1.81 rounds.)
    if (!parse(to_text(*value))) std::abort();
    const auto decoded = thing().decode(*value);
    if (!decoded) {
        if (decoded.error().empty() || to_json(decoded.error(), "body").empty()) std::abort();
        return 0;
    }
    const auto length = carrel::core::count_characters(decoded->name);
    if (length < 1 || length > 10 || decoded->count < 1 || decoded->count > 1000) std::abort();
    if (decoded->at && (decoded->at->x < 0 || decoded->at->x > 100)) std::abort();
    return 0;
}
