#include "api/images.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/run_loop.hpp"

using namespace carrel;

namespace {

std::string answer(const std::vector<api::ImageBuilds>& images) {
    async::Pool pool{1};
    std::string text;
    const auto bindings = api::image_bindings(pool, [&] { return images; });
    REQUIRE(bindings.size() == 1);
    CHECK(bindings[0].name == "images/list");
    fakes::run_loop([&](async::Executor) -> async::Task<> {
        net::Request request;
        text = (co_await bindings[0].handler(request, {})).text();
    });
    pool.join();
    return text;
}

}  // namespace

TEST_CASE("an image is told with what new desks get, and with every build") {
    CHECK(answer({}) == R"({"images":[]})");
    CHECK(
        answer({{"office",
                 {{"bb", "2026-11-21", 7, true, "desktop", false},
                  {"aa", "2026-11-20", 5, false, "", true}}}}) ==
        R"({"images":[{"name":"office","hash":"aa","size":5,"display":"none","builds":[)"
        R"({"hash":"bb","created_at":"2026-11-21","size":7,"display":"x11","from":"desktop","current":false},)"
        R"({"hash":"aa","created_at":"2026-11-20","size":5,"display":"none","from":null,"current":true}]}]})");
}
