// The cases of the vendor's own tests of its edit tool (protocols §2.7, edit_test), one by one.
#include "tests/unit/desk/files/client.hpp"

using namespace carrel;
using namespace carrel::files_test;

namespace {

std::string snippet_heading(const std::string& path) {
    return "The file " + path + " has been edited. Here's the result of running `cat -n` on a snippet of " +
           path + ":\n";
}

}  // namespace

TEST_CASE("edit: view of a file, a range, an invalid range, a missing file") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f.txt").string();
        const auto heading = "Here's the result of running `cat -n` on " + path + ":\n";
        put(path, "one\ntwo\nthree\n");
        CHECK(co_await client.edit("file/view", {{"path", path}}) ==
              heading + "     1\tone\n     2\ttwo\n     3\tthree\n");
        CHECK(co_await client.edit("file/view", {{"path", path}, {"view_range", {2, 3}}}) ==
              heading + "     2\ttwo\n     3\tthree\n");
        CHECK((co_await client.edit("file/view", {{"path", path}, {"view_range", {3, 2}}}))
                  .starts_with("!Invalid `view_range`: [3, 2]."));
        const auto missing = (folder / "none").string();
        CHECK(co_await client.edit("file/view", {{"path", missing}}) ==
              "!The path " + missing + " does not exist. Please provide a valid path.");
    });
}

TEST_CASE("edit: view of a directory, and a range on one") {
    with_files([](Client client, fs::path folder) -> Task<> {
        put(folder / "f.txt", "");
        const auto at = folder.string();
        CHECK((co_await client.edit("file/view", {{"path", at}})).ends_with(at + "/f.txt\n"));
        CHECK(co_await client.edit("file/view", {{"path", at}, {"view_range", {1, 2}}}) ==
              "!The `view_range` parameter is not allowed when `path` points to a directory.");
    });
}

TEST_CASE("edit: create, without a text, and over an existing file") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "new.txt").string();
        CHECK(co_await client.edit("file/create", {{"path", path}, {"file_text", "x"}}) ==
              "File created successfully at: " + path);
        const auto missing = co_await error_of([&] { return client.call("file/create", {{"path", path}}); });
        REQUIRE(missing);
        CHECK(missing->message() == "file_text: this field is required");
        CHECK((co_await client.edit("file/create", {{"path", path}, {"file_text", "y"}}))
                  .starts_with("!File already exists at: "));
        CHECK(text_of(path) == "x");
    });
}

TEST_CASE("edit: a replacement that works, finds nothing, or finds two places") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f.txt").string();
        put(path, "alpha\nbeta\nalpha\n");
        CHECK(co_await client.edit("file/replace", {{"path", path}, {"old_str", "beta"}, {"new_str", "b"}}) ==
              snippet_heading(path) +
                  "     1\talpha\n     2\tb\n     3\talpha\nReview the changes and make sure they are as "
                  "expected. "
                  "Edit the file again if necessary.");
        CHECK(co_await client.edit("file/replace", {{"path", path}, {"old_str", "gamma"}}) ==
              "!No replacement was performed, old_str `gamma` did not appear verbatim in " + path + ".");
        CHECK(
            co_await client.edit("file/replace", {{"path", path}, {"old_str", "alpha"}}) ==
            "!No replacement was performed. Multiple occurrences of old_str `alpha` in lines [1, 3]. Please "
            "ensure it is unique");
    });
}

TEST_CASE("edit: text is inserted in the middle, at the top, at the end, and not beyond") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f.txt").string();
        put(path, "one\ntwo\n");
        const auto insert = [&](int line, const char* text) {
            return client.edit("file/insert", {{"path", path}, {"insert_line", line}, {"insert_text", text}});
        };
        co_await insert(1, "middle");
        co_await insert(0, "top");
        co_await insert(4, "end");
        CHECK(text_of(path) == "top\none\nmiddle\ntwo\nend\n");
        CHECK((co_await insert(9, "x")) ==
              "!Invalid `insert_line` parameter: 9. It should be within the range of "
              "lines of the file: [0, 5]");
    });
}

TEST_CASE("edit: the history of replacements and insertions is kept, and undone step by step") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f.txt").string();
        put(path, "one\n");
        const auto undo = [&] { return client.edit("file/undo_edit", {{"path", path}}); };
        CHECK(co_await undo() == "!No edit history found for " + path + ".");
        co_await client.edit("file/replace", {{"path", path}, {"old_str", "one"}, {"new_str", "1"}});
        co_await client.edit("file/insert", {{"path", path}, {"insert_line", 1}, {"insert_text", "2"}});
        co_await client.edit("file/write", {{"path", path}, {"file_text", "all new"}});
        co_await client.edit("file/write", {{"path", path}, {"file_text", "!"}, {"append", true}});
        CHECK(text_of(path) == "all new!");
        CHECK((co_await undo())
                  .starts_with("Last edit to " + path + " undone successfully. Here's the result"));
        CHECK(text_of(path) == "all new");
        co_await undo();
        CHECK(text_of(path) == "1\n2\n");
        co_await undo();
        co_await undo();
        CHECK(text_of(path) == "one\n");
        CHECK((co_await undo()).starts_with("!No edit history"));
        co_await client.edit("file/replace", {{"path", path}, {"old_str", "one"}, {"new_str", "1"}});
        put(path, "something else");
        CHECK((co_await undo()).contains("was changed since the last edit"));
        CHECK(text_of(path) == "something else");
    });
}

TEST_CASE("edit: a relative path, a missing one, and a directory are no files to edit") {
    with_files([](Client client, fs::path folder) -> Task<> {
        for (const std::string name : {"file/replace", "file/insert", "file/undo_edit"}) {
            json::Object body{{"path", "f.txt"}};
            if (name == "file/replace") body["old_str"] = "x";
            if (name == "file/insert") body["insert_line"] = 0, body["insert_text"] = "x";
            CHECK(
                co_await client.edit(name, body) ==
                "!The path f.txt is not an absolute path, it should start with `/`. Maybe you meant /f.txt?");
            body["path"] = (folder / "none").string();
            CHECK((co_await client.edit(name, body)).contains("does not exist"));
            body["path"] = folder.string();
            CHECK((co_await client.edit(name, body))
                      .contains("is a directory and only the `view` command can be used on directories"));
        }
    });
}

TEST_CASE("a text is written at an offset and at the end, and the rest stays") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto path = (folder / "f.txt").string();
        put(path, "0123456789");
        CHECK(co_await client.edit("file/write", {{"path", path}, {"file_text", "ab"}, {"offset", 3}}) ==
              "2 bytes written to " + path + " at offset 3");
        CHECK(co_await client.edit("file/write", {{"path", path}, {"file_text", "end"}, {"append", true}}) ==
              "3 bytes written to " + path + " at offset 10");
        CHECK(text_of(path) == "012ab56789end");
        const auto fresh = (folder / "deep" / "fresh").string();
        co_await client.edit("file/write", {{"path", fresh}, {"file_text", "x"}, {"append", true}});
        CHECK(text_of(fresh) == "x");
    });
}
