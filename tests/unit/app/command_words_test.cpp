#include "app/command_words.hpp"

#include <doctest/doctest.h>

using carrel::app::command_line;
using carrel::app::take_command;

using Words = std::vector<std::string>;

TEST_CASE("all that follows exec's session is the command, whatever it looks like") {
    struct Case {
        Words words;
        Words left;
        Words command;
    };
    const std::vector<Case> cases{
        {{"exec", "S", "ls", "-la", "/home"}, {"exec", "S"}, {"ls", "-la", "/home"}},
        {{"exec", "S", "--", "ls", "--", "-a"}, {"exec", "S"}, {"ls", "--", "-a"}},
        {{"exec", "--timeout", "5", "S", "ls", "--timeout", "6"},
         {"exec", "--timeout", "5", "S"},
         {"ls", "--timeout", "6"}},
        {{"exec", "--timeout=5", "-n", "S", "--server", "U", "ls"},
         {"exec", "--timeout=5", "-n", "S", "--server", "U"},
         {"ls"}},
        {{"exec", "S", "", "-x"}, {"exec", "S"}, {"", "-x"}},
        {{"exec", "S", "-"}, {"exec", "S"}, {"-"}},
        {{"exec", "S"}, {"exec", "S"}, {}},
        {{"exec", "S", "--"}, {"exec", "S"}, {}},
        {{"exec", "--help"}, {"exec", "--help"}, {}},
        {{"exec", "--timeout"}, {"exec", "--timeout"}, {}},
        {{"exec"}, {"exec"}, {}},
        {{"call", "S", "exec", "x"}, {"call", "S", "exec", "x"}, {}},
        {{}, {}, {}},
    };
    for (auto each : cases) {
        CAPTURE(each.words.size());
        CHECK(take_command(each.words) == each.command);
        CHECK(each.words == each.left);
    }
}

TEST_CASE("one word is a line for the shell, several are its words") {
    CHECK(command_line({"echo a; echo b"}) == "echo a; echo b");
    CHECK(command_line({"printf", "%s", "a b", "it's", ""}) == R"('printf' '%s' 'a b' 'it'\''s' '')");
    CHECK(command_line({}) == "");
}
