#include "app/reference.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "ops/operation.hpp"

using namespace carrel;
using namespace carrel::app;

TEST_CASE("the index names every operation and links its page") {
    const auto index = reference_index();
    for (const auto rows : {ops::server_operations(), ops::desk_operations()})
        for (const auto& row : rows) {
            CAPTURE(row.name);
            const auto link =
                "\n| [" + std::string{row.name} + "](" + std::string{ops::noun_of(row)} + ".md) | ";
            CHECK(index.contains(link));
        }
    CHECK(index.contains("| [mouse/move](mouse.md) | POST `/mouse/move` | Moves the pointer. |\n"));
    CHECK(index.contains("\"stdout\"\\|\"stderr\""));
}

TEST_CASE("a noun's page has fields, answer and example of its operations only") {
    const auto page = reference_page("sessions");
    CHECK(page.starts_with("# sessions\n"));
    CHECK(page.contains("\n## GET `/api/v1/sessions`\n"));
    CHECK(page.contains("\n| `limit` | integer 1…100 | `50` | most sessions |\n"));
    CHECK(page.contains("\n| `total` | integer | yes | "));
    CHECK(page.contains("\nGET /api/v1/sessions?limit=10&include_archived=true\n"));
    CHECK(page.contains("\nPATCH /api/v1/sessions/{id}\n{\"title\":\"Another title\"}\n"));
    CHECK(page.contains("\nDELETE /api/v1/sessions/{id}?purge=true\n"));
    CHECK_FALSE(page.contains("/messages"));
    const auto mouse = reference_page("mouse");
    CHECK(mouse.contains("\n## POST `/api/v1/sessions/{id}/desk/mouse/click`\n"));
    CHECK(mouse.contains("| `button` | `left`, `middle`, `right` | `\"left\"` | which button |"));
}

TEST_CASE("an unknown noun is told with what there is") {
    CHECK_THROWS_WITH_AS(reference_page("mose"),
                         R"(there are no operations of "mose"; did you mean "mouse"?)", core::Error);
    CHECK_THROWS_WITH_AS(reference_page("mouse/click"),
                         R"("mouse/click" is no noun; its page is `carrel operations mouse`)", core::Error);
    CHECK_THROWS_WITH_AS(reference_page("mose/click"),
                         R"(there are no operations of "mose/click"; did you mean "mouse"?)", core::Error);
    try {
        reference_page("nosuchnoun");
        FAIL("there is no such noun");
    } catch (const core::Error& error) {
        CHECK(std::string_view{error.message()}.starts_with(
            "there are no operations of \"nosuchnoun\"; there are health,"));
    }
}
