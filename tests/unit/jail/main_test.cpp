#include "jail/main.hpp"

#include <doctest/doctest.h>

using namespace carrel::jail;

TEST_CASE("The options of serve are taken as given") {
    const auto options = parse_serve_options(
        {"--socket", "5", "--data", "/d", "--uid-base", "3000000000", "--carrel-uid", "990", "--carrel-gid",
         "991", "--desk-binary", "/x", "--workspace-disk", "16777216", "--most-workspaces", "7"});
    REQUIRE(options);
    CHECK(options->socket == 5);
    CHECK(options->host.data == "/d");
    CHECK(options->host.uid_base == 3'000'000'000);
    CHECK(options->host.carrel_uid == 990);
    CHECK(options->host.carrel_gid == 991);
    CHECK(options->host.desk_binary == "/x");
    CHECK(options->workspace_disk == 16'777'216);
    CHECK(options->most_workspaces == 7);
}

TEST_CASE("Wrong options are named") {
    struct Case {
        std::vector<std::string> words;
        const char* message;
    };
    for (const auto& [words, message] : {
             Case{{}, "--socket is missing"},
             Case{{"--socket", "x"}, "--socket cannot be 'x'"},
             Case{{"--socket", "99999999999"}, "--socket cannot be '99999999999'"},
             Case{{"--socket", "3"}, "--data must be an absolute path"},
             Case{{"--socket", "3", "--data", "here"}, "--data must be an absolute path"},
             Case{{"--socket"}, "--socket needs a value"},
             Case{{"--socket", "3", "--data", "/d", "--workspace-disk", "16777215"},
                  "--workspace-disk must be 0 or between 16777216 and 17592186044416"},
             Case{{"--most-workspaces", "4294967296"}, "--most-workspaces cannot be '4294967296'"},
             Case{{"--force", "1"}, "there is no option --force"},
         }) {
        const auto options = parse_serve_options(words);
        REQUIRE(!options);
        CHECK(options.error().message() == message);
    }
}
