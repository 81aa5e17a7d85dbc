#include <doctest/doctest.h>

#include "tests/unit/desk/files/client.hpp"

using namespace carrel;
using namespace carrel::files_test;

namespace {

/// A source that gives its text in small pieces and then fails, as a sender that breaks off.
class BrokenSource final : public net::Source {
public:
    explicit BrokenSource(std::string text) : text_{std::move(text)} {}
    Task<std::size_t> read(std::span<char> into) override {
        if (at_ == text_.size()) throw core::Error{core::Code::unavailable, "the sender went away"};
        const auto count = std::min<std::size_t>({into.size(), text_.size() - at_, 1000});
        std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
        at_ += count;
        co_return count;
    }

private:
    std::string text_;
    std::size_t at_ = 0;
};

std::string field(std::string_view name, std::string_view content) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + std::string{name} + "\"\r\n\r\n" +
           std::string{content} + "\r\n";
}
std::string file_field(std::string_view filename, std::string_view content) {
    return "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + std::string{filename} +
           "\"\r\nContent-Type: text/plain\r\n\r\n" + std::string{content} + "\r\n";
}

}  // namespace

TEST_CASE("a file is created, viewed, changed and written over") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const std::string path = folder / "deep" / "er" / "f.txt";
        CHECK(co_await client.edit("file/create", {{"path", path}, {"file_text", "one\ntwo\n"}}) ==
              "File created successfully at: " + path);
        CHECK(co_await client.edit("file/create", {{"path", path}, {"file_text", "x"}}) ==
              "!File already exists at: " + path + ". Cannot overwrite files using command `create`.");
        CHECK((co_await client.edit("file/view", {{"path", path}, {"view_range", {2, 2}}}))
                  .ends_with("     2\ttwo\n"));
        CHECK((co_await client.edit("file/replace", {{"path", path}, {"old_str", "two"}, {"new_str", "2"}}))
                  .contains("has been edited"));
        CHECK((co_await client.edit("file/insert",
                                    {{"path", path}, {"insert_line", 0}, {"insert_text", "zero"}}))
                  .contains("     1\tzero\n"));
        CHECK(text_of(path) == "zero\none\n2\n");
        CHECK(co_await client.edit("file/write", {{"path", path}, {"file_text", "all new"}}) ==
              "7 bytes written to " + path);
        CHECK(text_of(path) == "all new");
        CHECK(std::distance(fs::directory_iterator{folder / "deep" / "er"}, {}) == 1);
    });
}

TEST_CASE("changing a file keeps its mode and the links to it") {
    with_files([](Client client, fs::path folder) -> Task<> {
        put(folder / "script", "#!/bin/sh\n");
        fs::permissions(folder / "script", fs::perms{0750});
        fs::create_symlink("script", folder / "link");
        co_await client.edit("file/write", {{"path", (folder / "link").string()}, {"file_text", "new"}});
        CHECK(fs::is_symlink(folder / "link"));
        CHECK(text_of(folder / "script") == "new");
        CHECK(fs::status(folder / "script").permissions() == fs::perms{0750});
    });
}

TEST_CASE("paths that cannot be edited are refused with a sentence") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const auto inside = [&](const char* name) { return (folder / name).string(); };
        CHECK(::mkfifo(inside("pipe").c_str(), 0600) == 0);
        put(folder / "binary", std::string_view{"a\0b", 3});
        put(folder / "large", "");
        fs::resize_file(folder / "large", std::uintmax_t{17} << 20);
        const std::vector<std::pair<std::string, std::string>> cases{
            {"f.txt",
             "!The path f.txt is not an absolute path, it should start with `/`. Maybe you meant /f.txt?"},
            {inside("none"), "!The path " + inside("none") + " does not exist. Please provide a valid path."},
            {inside("pipe"),
             "!" + inside("pipe") + " is a named pipe; only regular files can be read and written"},
            {"/dev/zero", "!/dev/zero is a device; only regular files can be read and written"},
            {inside("binary"), "!" + inside("binary") + " is not a text file"},
            {inside("large"), "!" + inside("large") +
                                  " is larger than 16 MiB; look at parts of it in the terminal, "
                                  "with `sed -n` or `grep -n`"},
        };
        for (const auto& [path, refusal] : cases) {
            CHECK(co_await client.edit("file/view", {{"path", path}}) == refusal);
            CHECK(co_await client.edit("file/replace", {{"path", path}, {"old_str", "a"}}) == refusal);
        }
        CHECK((co_await client.edit("file/write", {{"path", inside("pipe")}, {"file_text", "x"}}))
                  .starts_with("!"));
        CHECK(co_await client.edit("file/write", {{"path", folder.string()}, {"file_text", "x"}}) ==
              "!The path " + folder.string() +
                  " is a directory and only the `view` command can be used on "
                  "directories");
        CHECK((co_await client.edit("file/write", {{"path", "/proc/nothing/f"}, {"file_text", "x"}}))
                  .starts_with("!"));
    });
}

TEST_CASE("a directory is viewed two levels deep, without what is hidden") {
    with_files([](Client client, fs::path folder) -> Task<> {
        fs::create_directories(folder / "a" / "b" / "c");
        fs::create_directories(folder / ".hidden");
        put(folder / "a" / "file", "");
        put(folder / "z", "");
        const auto at = folder.string();
        CHECK(co_await client.edit("file/view", {{"path", at}}) ==
              "Here's the files and directories up to 2 levels deep in " + at +
                  ", excluding hidden items:\n" + at + "\n" + at + "/a\n" + at + "/a/b\n" + at + "/a/file\n" +
                  at + "/z\n");
        CHECK(co_await client.edit("file/view", {{"path", at}, {"view_range", {1, 2}}}) ==
              "!The `view_range` parameter is not allowed when `path` points to a directory.");
    });
}

TEST_CASE("a directory is listed, relative paths beginning at home") {
    with_files([](Client client, fs::path folder) -> Task<> {
        fs::create_directories(folder / "sub" / "inner");
        put(folder / "sub" / "b.txt", "12345");
        fs::create_symlink("nowhere", folder / "sub" / "a-link");
        const auto answer = co_await client.call("file/list", {{"path", "sub"}});
        CHECK(answer.at("success") == true);
        CHECK(json::text_or(answer, "path") == (folder / "sub").string());
        const auto& entries = answer.at("entries").as_array();
        REQUIRE(entries.size() == 3);
        CHECK(entries[0].at("name") == "inner");
        CHECK(entries[0].at("is_dir") == true);
        CHECK(entries[1].at("name") == "a-link");
        CHECK(entries[2].at("name") == "b.txt");
        CHECK(entries[2].at("size") == 5);
        CHECK(json::text_or(entries[2], "path") == (folder / "sub" / "b.txt").string());
        CHECK(entries[2].at("modified").as_string().ends_with("Z"));
        CHECK(json::text_or(co_await client.call("file/list", {}), "path") == folder.string());
        const auto missing = co_await error_of([&] { return client.call("file/list", {{"path", "none"}}); });
        REQUIRE(missing);
        CHECK(missing->code() == core::Code::not_found);
        const auto file =
            co_await error_of([&] { return client.call("file/list", {{"path", "sub/b.txt"}}); });
        REQUIRE(file);
        CHECK(file->message() == (folder / "sub" / "b.txt").string() + " is not a directory");
    });
}

TEST_CASE("an upload is stored where it shall be, whichever field comes first") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const std::string large(1'000'000, 'x');
        const auto first = co_await client.upload(
            net::make_source(file_field("a.txt", large) + field("dest_path", "new/dir/b.txt") + "--B--\r\n"));
        CHECK(first.at("success") == true);
        CHECK(json::text_or(first, "path") == (folder / "new/dir/b.txt").string());
        CHECK(first.at("size") == 1'000'000);
        CHECK(text_of(folder / "new/dir/b.txt") == large);
        const auto second = co_await client.upload(net::make_source(
            field("dest_path", "new/dir") + file_field("../../etc/c.txt", "c") + "--B--\r\n"));
        CHECK(json::text_or(second, "path") == (folder / "new/dir/c.txt").string());
        co_await client.upload(
            net::make_source(field("dest_path", "fresh/") + file_field("", "d") + "--B--\r\n"));
        CHECK(text_of(folder / "fresh/upload") == "d");
        co_await client.upload(
            net::make_source(field("dest_path", "new/dir/b.txt") + file_field("x", "over") + "--B--\r\n"));
        CHECK(text_of(folder / "new/dir/b.txt") == "over");
        CHECK(std::distance(fs::directory_iterator{folder}, {}) == 2);
    });
}

TEST_CASE("an upload that breaks off or is no upload leaves nothing behind") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const std::vector<std::string> bodies{
            field("dest_path", "a"),
            field("dest_path", "a") + "--B--",
            file_field("a", "x") + "--B--",
            file_field("a", "x") + field("dest_path", "") + "--B--",
            file_field("a", "x") + file_field("b", "y") + "--B--",
            field("dest_path", "a") + field("dest_path", "b") + "--B--",
            field("dest_path", std::string(5000, 'p')) + file_field("a", "x") + "--B--",
            field("mode", "0777") + "--B--",
            file_field("a", std::string(500'000, 'x')),
            "no form at all",
        };
        for (const auto& body : bodies) {
            CAPTURE(body.substr(0, 100));
            const auto error = co_await error_of([&] { return client.upload(net::make_source(body)); });
            REQUIRE(error);
            CHECK(error->code() == core::Code::invalid);
        }
        const auto broken = co_await error_of([&] {
            return client.upload(std::make_unique<BrokenSource>(field("dest_path", "a") +
                                                                file_field("a", std::string(500'000, 'x'))));
        });
        REQUIRE(broken);
        CHECK(broken->message() == "the sender went away");
        CHECK(fs::is_empty(folder) == true);
    });
}

TEST_CASE("a download is the file's bytes, with what a browser needs to store it") {
    with_files([](Client client, fs::path folder) -> Task<> {
        const std::string bytes(300'000, '\x80');
        put(folder / "a b\u00e4.bin", bytes);
        const auto ask = [&](std::string path, std::string tag) -> Task<net::Response> {
            net::Request request;
            request.query = {{"path", std::move(path)}};
            request.body = net::make_source("");
            if (!tag.empty()) request.headers.add("If-None-Match", std::move(tag));
            co_return co_await client.send("file/download", std::move(request));
        };
        auto response = co_await ask("a b\u00e4.bin", "");
        CHECK(response.status == 200);
        CHECK(response.headers.find("Content-Type") == "application/octet-stream");
        CHECK(response.headers.find("Content-Disposition") == "attachment; filename*=UTF-8''a%20b%C3%A4.bin");
        CHECK(response.length() == 300'000);
        CHECK(co_await net::read_all(*response.source(), 1'000'000) == bytes);
        const std::string tag{response.headers.find("ETag").value_or("")};
        CHECK((co_await ask("a b\u00e4.bin", tag)).status == 304);

        auto shrinking = co_await ask("a b\u00e4.bin", "");
        fs::resize_file(folder / "a b\u00e4.bin", 10);
        const auto error = co_await error_of([&] { return net::read_all(*shrinking.source(), 1'000'000); });
        REQUIRE(error);
        CHECK(error->message().ends_with("became shorter while it was read"));
        const auto missing = co_await error_of([&] { return ask("none", ""); });
        REQUIRE(missing);
        CHECK(missing->code() == core::Code::not_found);
        const auto directory = co_await error_of([&] { return ask("/", ""); });
        REQUIRE(directory);
        CHECK(directory->code() == core::Code::invalid);
    });
}
