#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "desk/archive/tar.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::archive;
using Kind = ArchiveEntry::Kind;

namespace {

struct Read {
    std::vector<ArchiveEntry> entries;
    std::vector<std::string> contents;
    int ended = 0;
    std::string refusal;
};

Read read(std::string_view bytes, std::size_t piece = 1 << 20) {
    Read result;
    TarReader reader{{.begin =
                          [&](ArchiveEntry entry) {
                              result.entries.push_back(std::move(entry));
                              result.contents.emplace_back();
                          },
                      .data = [&](std::string_view data) { result.contents.back() += data; },
                      .end = [&] { ++result.ended; }}};
    while (!bytes.empty()) {
        const auto pushed = reader.push(bytes.substr(0, piece));
        if (!pushed) {
            result.refusal = pushed.error().message();
            return result;
        }
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    if (const auto finished = reader.finish(); !finished) result.refusal = finished.error().message();
    return result;
}

std::string packed(const ArchiveEntry& entry, std::string_view content = {}) {
    auto text = tar_header(entry) + std::string{content};
    return text.append(tar_padding(content.size()), '\0');
}

/// A header with another type, and a checksum that fits.
std::string retyped(std::string header, char type, std::string_view content = {}) {
    header[156] = type;
    unsigned sum = 0;
    for (std::size_t i = 0; i < header.size(); ++i)
        sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    header.replace(148, 8, std::string{digits, 6} + std::string{'\0', ' '});
    header += content;
    return header.append(tar_padding(content.size()), '\0');
}

}  // namespace

TEST_CASE("what is packed is read again, whatever the names and the pieces") {
    const std::vector<ArchiveEntry> entries{
        {Kind::folder, "top/", "", 0, 0755, 1'700'000'000},
        {Kind::file, "top/file", "", 1000, 0640, 1'700'000'001},
        {Kind::file, "top/" + std::string(90, 'a') + "/" + std::string(90, 'b'), "", 512, 0644, 0},
        {Kind::file, std::string(300, 'c'), "", 3, 0600, 5},
        {Kind::symlink, "top/link", "file", 0, 0777, 7},
        {Kind::symlink, "top/far", std::string(150, 't'), 0, 0777, 7},
        {Kind::hard_link, "top/hard", "top/file", 0, 0644, 7},
        {Kind::file, "\xff\n", "", 0, 04755, 9},
    };
    std::string archive;
    for (const auto& entry : entries) archive += packed(entry, std::string(entry.size, 'x'));
    archive += tar_end();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{511}, std::size_t{513}, archive.size()}) {
        CAPTURE(piece);
        const auto result = read(archive, piece);
        CHECK(result.refusal.empty());
        REQUIRE(result.entries.size() == entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            CHECK(result.entries[i] == entries[i]);
            CHECK(result.contents[i].size() == entries[i].size);
        }
        CHECK(result.ended == static_cast<int>(entries.size()));
    }
}

TEST_CASE("a size of more than 8 GiB is told by pax") {
    ArchiveEntry entry{Kind::file, "large", "", std::uint64_t{20} << 30, 0644, 0};
    const auto result = read(tar_header(entry));
    REQUIRE(result.entries.size() == 1);
    CHECK(result.entries[0].size == entry.size);
    CHECK(result.refusal == "the tar ends in the middle");
}

TEST_CASE("GNU's long names are read") {
    const std::string name(200, 'n');
    ArchiveEntry meta{Kind::file, "././@LongLink", "", name.size() + 1, 0, 0};
    const ArchiveEntry entry{Kind::file, "short", "", 0, 0644, 0};
    const auto result =
        read(retyped(tar_header(meta), 'L', name + std::string(1, '\0')) + packed(entry) + tar_end());
    REQUIRE(result.entries.size() == 1);
    CHECK(result.entries[0].name == name);
}

TEST_CASE("devices, pipes and what is no tar are refused") {
    const auto plain = tar_header({Kind::file, "x", "", 0, 0644, 0});
    for (const char type : {'3', '4', '6', 'S', 'M', '\x80'})
        CHECK_FALSE(read(retyped(plain, type)).refusal.empty());
    CHECK(read(std::string(512, 'z')).refusal == "this is no tar: its first header's checksum is wrong");
    CHECK(read("").refusal == "there is no tar in the body");
    CHECK(read(plain.substr(0, 300)).refusal == "there is no tar in the body");
    CHECK(read(plain + std::string(512, 'z')).refusal == "the tar is damaged: a header's checksum is wrong");
    CHECK(read(packed({Kind::file, "x", "", 600, 0644, 0}, std::string(600, 'a')).substr(0, 1000)).refusal ==
          "the tar ends in the middle");
    ArchiveEntry meta{Kind::file, "pax", "", 0, 0644, 0};
    for (const std::string records :
         {"99 path=x\n", "x path=y\n", "9 path=x", "7 pathx\n", "3 \n", "12 size=-5\n"}) {
        meta.size = records.size();
        CHECK(read(retyped(tar_header(meta), 'x', records)).refusal == "the tar has a malformed pax header");
    }
    meta.size = 100'000;
    CHECK(read(retyped(tar_header(meta), 'x')).refusal == "a header of the tar is larger than 65536 bytes");
}

TEST_CASE("an old tar without ustar's magic is read, its end may be missing") {
    auto header = tar_header({Kind::file, "old", "", 0, 0644, 0});
    header.replace(257, 8, std::string(8, '\0'));
    const auto result = read(retyped(header, '\0'));
    CHECK(result.refusal.empty());
    REQUIRE(result.entries.size() == 1);
    CHECK(result.entries[0].kind == Kind::file);
}

TEST_CASE("names that would leave the directory are refused") {
    for (const std::string name : {"/etc/passwd", "../x", "a/../../x", "a/..", "..", "a/b/../c"}) {
        CAPTURE(name);
        CHECK_FALSE(safe_steps(name));
    }
    CHECK_FALSE(safe_steps(std::string("a\0b", 3)));
    CHECK_FALSE(safe_steps(std::string(300, 'a')));
    std::string deep;
    for (int i = 0; i < 200; ++i) deep += "a/";
    CHECK_FALSE(safe_steps(deep));
    CHECK(safe_steps("./a//b/")->size() == 2);
    CHECK(safe_steps("./")->empty());
    CHECK(safe_steps("..a/...")->size() == 2);
}

TEST_CASE("a link may lead anywhere in the directory and nowhere else") {
    CHECK(judge_link({"a", "link"}, "../b"));
    CHECK(judge_link({"a", "link"}, "file"));
    CHECK(judge_link({"link"}, "."));
    CHECK_FALSE(judge_link({"a", "link"}, "../../b"));
    CHECK_FALSE(judge_link({"link"}, ".."));
    CHECK_FALSE(judge_link({"link"}, "/etc/shadow"));
    CHECK_FALSE(judge_link({"link"}, "a/../../b"));
    CHECK_FALSE(judge_link({"link"}, ""));
}
