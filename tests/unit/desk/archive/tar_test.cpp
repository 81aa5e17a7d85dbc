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
    std::vector<std::string> contents;  ///< holes are dots
    std::vector<std::string> notes;
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
                      .hole = [&](std::uint64_t size) { result.contents.back().append(size, '.'); },
                      .end = [&] { ++result.ended; },
                      .note = [&](std::string note) { result.notes.push_back(std::move(note)); }}};
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

TEST_CASE("a link's target may be as long as a path, and no longer, whatever it belongs to") {
    for (const auto kind : {Kind::symlink, Kind::hard_link, Kind::folder}) {
        const ArchiveEntry entry{kind, kind == Kind::folder ? "x/" : "x", "", 0, 0755, 0};
        for (const std::size_t size : {std::size_t{4096}, std::size_t{4097}, std::size_t{1'000'000}}) {
            const std::string target(size, 't');
            const ArchiveEntry meta{Kind::file, "././@LongLink", "", size, 0, 0};
            const auto digits = [&](std::size_t rest) { return std::to_string(rest).size(); };
            const auto rest = size + std::string_view{" linkpath=\n"}.size();
            const auto record =
                std::to_string(rest + digits(rest + digits(rest))) + " linkpath=" + target + "\n";
            const ArchiveEntry pax{Kind::file, "pax", "", record.size(), 0, 0};
            for (const auto& before :
                 {retyped(tar_header(meta), 'K', target), retyped(tar_header(pax), 'x', record)}) {
                const auto result = read(before + packed(entry) + tar_end());
                CAPTURE(size);
                if (size > 4096) {
                    CHECK(result.refusal ==
                          "the tar's entry \"" + entry.name + "\" has a link of more than 4096 bytes");
                } else {
                    CHECK(result.refusal == "");
                    REQUIRE(result.entries.size() == 1);
                    CHECK(result.entries[0].target == target);
                }
            }
        }
    }
}

TEST_CASE("devices, pipes and what is no tar are refused") {
    const auto plain = tar_header({Kind::file, "x", "", 0, 0644, 0});
    const std::vector<std::pair<char, std::string>> kinds{
        {'3', "a character device"},
        {'4', "a block device"},
        {'6', "a named pipe"},
        {'M', "the rest of a file that began in another volume"},
        {'N', "a list of long names of an older GNU tar (type N)"},
        {'Z', "of a type that is not unpacked (Z)"},
        {'\x80', "of a type that is not unpacked (\uFFFD)"}};
    for (const auto& [type, what] : kinds)
        CHECK(read(retyped(plain, type)).refusal == "the tar's entry \"x\" is " + what);
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
    meta.size = 2'000'000;
    CHECK(read(retyped(tar_header(meta), 'x')).refusal == "a header of the tar is larger than 1048576 bytes");
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

TEST_CASE(
    "labels and access lists are passed over with a note, directories of incremental archives unpacked") {
    auto label = tar_header({Kind::file, "Backup", "", 0, 0644, 0});
    const ArchiveEntry list{Kind::file, "with", "", 600, 0644, 0};
    const ArchiveEntry dump{Kind::file, "dir", "", 7, 0755, 5};
    const ArchiveEntry last{Kind::file, "last", "", 3, 0644, 0};
    const auto archive = retyped(label, 'V') + retyped(tar_header(list), 'A', std::string(600, 'u')) +
                         retyped(tar_header(dump), 'D', "Yfile\0\0") + packed(last, "abc") + tar_end();
    for (const std::size_t piece : {std::size_t{1}, archive.size()}) {
        const auto result = read(archive, piece);
        CHECK(result.refusal.empty());
        REQUIRE(result.entries.size() == 2);
        CHECK(result.entries[0] == ArchiveEntry{Kind::folder, "dir", "", 0, 0755, 5});
        CHECK(result.contents == std::vector<std::string>{"", "abc"});
        CHECK(result.notes == std::vector<std::string>{"the label of the volume, \"Backup\" was passed over",
                                                       "the access list of \"with\" was passed over"});
    }
}

TEST_CASE(
    "times before 1970, between seconds and far away are read, and what is none is no reason to refuse") {
    const auto header = tar_header({Kind::file, "x", "", 0, 0644, 0});
    const auto with_time = [&](std::string_view field) {
        auto changed = header;
        changed.replace(136, 12, field);
        const auto result = read(retyped(changed, '0'));
        return result.entries.empty() ? -1 : result.entries[0].modified;
    };
    CHECK(with_time(std::string{"14524770400\0", 12}) == 1'700'000'000);
    CHECK(with_time(std::string{"-0000000001\0", 12}) == -1);
    CHECK(with_time(std::string{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12}) == -2);
    CHECK(with_time(std::string{"\xff\xff\xff\xff\xff\xff\xff\xff\xed\x30\x4b\x80", 12}) == -315'602'048);
    CHECK(with_time(std::string{"\x80\0\0\0\0\0\0\x01\0\0\0\0", 12}) == std::int64_t{1} << 32);
    CHECK(with_time(std::string{"\xff\0\0\0\0\0\0\0\0\0\0\0", 12}) == 0);
    CHECK(with_time(std::string{"yesterday\0\0\0", 12}) == 0);

    CHECK(*parse_pax_time("1700000000") == TarTime{1'700'000'000, 0});
    CHECK(*parse_pax_time("5.25") == TarTime{5, 250'000'000});
    CHECK(*parse_pax_time("-1.5") == TarTime{-2, 500'000'000});
    CHECK(*parse_pax_time("-315619200") == TarTime{-315'619'200, 0});
    CHECK(*parse_pax_time("1.12345678987654321") == TarTime{1, 123'456'789});
    CHECK(*parse_pax_time("3.") == TarTime{3, 0});
    for (const char* text :
         {"", "-", ".", "1.x", "1.-5", "x", "--1", "1e5", "99999999999999999999", "1000000000000000"})
        CHECK_FALSE(parse_pax_time(text));

    const std::string record = "21 mtime=-86400.125\n";
    ArchiveEntry meta{Kind::file, "pax", "", record.size(), 0, 0};
    CHECK(read(retyped(tar_header(meta), 'x', record)).refusal == "the tar has a malformed pax header");
    const std::string right = "20 mtime=-86400.125\n";
    meta.size = right.size();
    const auto result = read(retyped(tar_header(meta), 'x', right) + header + header);
    REQUIRE(result.entries.size() == 2);
    CHECK(result.entries[0].modified == -86'401);
    CHECK(result.entries[0].nanoseconds == 875'000'000);
    CHECK(result.entries[1].modified == 0);
    // What is written goes back where it was.
    for (const std::int64_t seconds : {std::int64_t{-315'619'200}, std::int64_t{-1}, std::int64_t{1} << 34}) {
        const auto again = read(tar_header({Kind::file, "x", "", 0, 0644, seconds}));
        REQUIRE(again.entries.size() == 1);
        CHECK(again.entries[0].modified == seconds);
    }
}
