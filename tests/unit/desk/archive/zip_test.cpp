// Zips as other programs write them: names, folders, times, and bytes before the archive.
#include <doctest/doctest.h>
#include <libdeflate.h>

#include <string>
#include <vector>

#include "desk/archive/zip.hpp"

using namespace carrel::desk::archive;
using Kind = ArchiveEntry::Kind;

namespace {

std::string little(std::uint64_t number, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i, number >>= 8) text += static_cast<char>(number & 0xff);
    return text;
}

struct Item {
    std::string name;
    int host = 0;
    std::uint64_t flags = 0;
    std::string extra;
    std::uint32_t attributes = 0;
    std::uint32_t size = 0;
    std::uint32_t date_time = 0x5521'0000;  ///< 2022-09-01
};

/// The end of an archive: what says where its directory is.
std::string end_of(std::uint64_t entries, std::uint64_t size, std::uint64_t at,
                   const std::string& comment = "") {
    return little(0x06054b50, 4) + little(0, 4) + little(entries, 2) + little(entries, 2) + little(size, 4) +
           little(at, 4) + little(comment.size(), 2) + comment;
}

/// A directory and its end; what it says of places is counted from `base`.
std::string zip_of(const std::vector<Item>& items, std::uint64_t base = 0, const std::string& comment = "") {
    std::string directory;
    for (const auto& item : items)
        directory += little(0x02014b50, 4) + little(20, 1) +
                     little(static_cast<std::uint64_t>(item.host), 1) + little(20, 2) +
                     little(item.flags, 2) + little(0, 2) + little(item.date_time, 4) + little(0, 4) +
                     little(item.size, 4) + little(item.size, 4) + little(item.name.size(), 2) +
                     little(item.extra.size(), 2) + little(0, 2) + little(0, 2) + little(0, 2) +
                     little(item.attributes, 4) + little(0, 4) + item.name + item.extra;
    return directory + end_of(items.size(), directory.size(), base, comment);
}

carrel::core::Expected<std::vector<ZipItem>> try_read(const std::string& bytes) {
    return read_zip_directory(
        [&](std::uint64_t at, std::size_t size) {
            return at >= bytes.size() ? std::string{} : bytes.substr(static_cast<std::size_t>(at), size);
        },
        bytes.size());
}
std::vector<ZipItem> read(const std::string& bytes) {
    const auto items = try_read(bytes);
    REQUIRE_MESSAGE(items, items.error().message());
    return *items;
}
ArchiveEntry entry(const Item& item) { return read(zip_of({item})).at(0).entry; }

std::string field(int id, const std::string& content) {
    return little(static_cast<std::uint64_t>(id), 2) + little(content.size(), 2) + content;
}
std::string unicode_path(const std::string& of, const std::string& name) {
    return field(0x7075, "\x01" + little(::libdeflate_crc32(0, of.data(), of.size()), 4) + name);
}

constexpr int unix_host = 3;
constexpr int windows = 11;

}  // namespace

TEST_CASE("Backslashes of Windows are folders, and those of other systems are kept") {
    CHECK(entry({.name = "site\\img\\logo.txt"}).name == "site/img/logo.txt");
    CHECK(entry({.name = "site\\img/logo.txt", .host = windows}).name == "site/img/logo.txt");
    const auto folder = entry({.name = "site\\empty\\"});
    CHECK(folder.kind == Kind::folder);
    // Programs that say a Unix system, and give a whole archive backslashes only.
    CHECK(entry({.name = "site\\logo.txt", .host = unix_host}).name == "site/logo.txt");
    const auto mixed =
        read(zip_of({{.name = "a/b", .host = unix_host}, {.name = "a/c\\d", .host = unix_host}}));
    CHECK(mixed[1].entry.name == "a/c\\d");
    CHECK_FALSE(mixed[1].had_backslashes);
    // Names are judged as they are in the end.
    CHECK_FALSE(safe_steps(entry({.name = "..\\..\\escaped"}).name));
    CHECK_FALSE(safe_steps(entry({.name = "\\tmp\\escaped"}).name));
    CHECK_FALSE(safe_steps(entry({.name = "a\\..\\..\\escaped", .host = unix_host}).name));
}

TEST_CASE("A directory of DOS needs no slash, and a file is none") {
    CHECK(entry({.name = "dir", .attributes = 0x10}).kind == Kind::folder);
    CHECK(entry({.name = "dir", .host = windows, .attributes = 0x10}).mode == 0755);
    CHECK(entry({.name = "dir", .host = unix_host, .attributes = 0x10}).kind == Kind::folder);
    CHECK(entry({.name = "file", .attributes = 0x20}).kind == Kind::file);
    CHECK(entry({.name = "file", .attributes = 0x10, .size = 5}).kind == Kind::file);
    CHECK(entry({.name = "file", .host = unix_host, .attributes = 0x10 | 0100644u << 16}).kind == Kind::file);
    CHECK(entry({.name = "dir", .host = unix_host, .attributes = 040700u << 16}).mode == 0700);
}

TEST_CASE("Names are the Unicode path, UTF-8, code page 437 or bytes, in this order") {
    const std::string dos =
        "Stra\xe1"
        "e";
    CHECK(entry({.name = dos}).name == "Straße");
    CHECK(entry({.name = "\x80\x81\xff"}).name == "Çü\u00a0");
    CHECK(entry({.name = dos, .host = unix_host}).name == dos);
    CHECK(entry({.name = dos, .flags = 1 << 11}).name == dos);
    CHECK(entry({.name = "Straße"}).name == "Straße");
    CHECK(entry({.name = "Straße", .flags = 1 << 11}).name == "Straße");
    CHECK(entry({.name = dos, .extra = unicode_path(dos, "Straße 你")}).name == "Straße 你");
    CHECK(
        entry({.name = dos, .host = unix_host, .extra = field(0x9999, "x") + unicode_path(dos, "s")}).name ==
        "s");
    // Of another name, of a later version, no UTF-8, or cut off: it does not count.
    CHECK(entry({.name = dos, .extra = unicode_path("Gasse", "Gasse")}).name == "Straße");
    CHECK(entry({.name = dos, .extra = unicode_path(dos, "\xff")}).name == "Straße");
    auto later = unicode_path(dos, "later");
    later[4] = 2;
    CHECK(entry({.name = dos, .extra = later}).name == "Straße");
    CHECK(entry({.name = dos, .extra = unicode_path(dos, "cut").substr(0, 8)}).name == "Straße");
    CHECK(entry({.name = "a", .extra = unicode_path("a", "..\\x")}).name == "../x");
    // A code page's bytes are no backslashes of a path, and its names are judged as they are in the end.
    CHECK_FALSE(safe_steps(entry({.name = "a", .extra = unicode_path("a", "/etc/passwd")}).name));
}

TEST_CASE("Times come from the field that knows them best") {
    const auto unix_time = [](std::int64_t seconds) {
        return field(0x5455, "\x01" + little(static_cast<std::uint64_t>(seconds), 4));
    };
    const auto old_time = field(0x5855, little(1, 4) + little(1'600'000'001, 4));
    const auto ntfs = field(10, little(0, 4) + little(1, 2) + little(24, 2) +
                                    little((11'644'473'600ull + 1'700'000'001) * 10'000'000 + 1'234'567, 8) +
                                    little(0, 16));
    CHECK(entry({.name = "f"}).modified == 1'661'990'400);
    CHECK(entry({.name = "f", .extra = unix_time(1'700'000'001)}).modified == 1'700'000'001);
    CHECK(entry({.name = "f", .extra = unix_time(-315'619'200)}).modified == -315'619'200);
    CHECK(entry({.name = "f", .extra = old_time}).modified == 1'600'000'001);
    CHECK(entry({.name = "f", .extra = old_time + unix_time(1'700'000'003)}).modified == 1'700'000'003);
    CHECK(entry({.name = "f", .extra = unix_time(5) + ntfs}).modified == 1'700'000'001);
    CHECK(entry({.name = "f", .extra = ntfs}).nanoseconds == 123'456'700);
    CHECK(entry({.name = "f", .extra = field(0x5455, std::string{"\x02\0\0\0\0", 5})}).modified ==
          1'661'990'400);
    CHECK(entry({.name = "f", .extra = field(0x5455, "\x01")}).modified == 1'661'990'400);
    // Months, days and seconds that are none.
    CHECK(dos_seconds(0x5521, 31) == 1'661'990'400 + 59);
    CHECK(dos_seconds(0, 0) == 315'532'800);
    CHECK(dos_seconds(0x5521, 0xffff) == 1'661'990'400 + 86'399);
}

TEST_CASE("What stands before an archive is passed over, whether its places count it or not") {
    const std::vector<Item> items{{.name = "a"}, {.name = "b"}};
    const std::string before(1000, '#');
    CHECK(read(before + zip_of(items)).size() == 2);
    CHECK(read(before + zip_of(items))[0].header_at == 1000);
    CHECK(read(before + zip_of(items, 1000))[1].header_at == 0);
    CHECK(read(zip_of(items) + zip_of({{.name = "c"}}))[0].entry.name == "c");
    CHECK(read(before + zip_of({})).empty());

    ZipWriter writer;
    const ArchiveEntry large{Kind::file, "large", "", std::uint64_t{1} << 33, 0644, 7};
    auto archive = writer.begin(large, ZipMethod::deflated) + "xyz" + writer.end(1, 3, 3);
    for (int i = 0; i < 70'000; ++i)
        archive += writer.begin({Kind::file, "f", "", 0, 0644, 7}, ZipMethod::stored) + writer.end(0, 0, 0);
    archive += writer.finish();
    for (const auto& prefix : {std::string{}, before}) {
        const auto zip64 = read(prefix + archive);
        REQUIRE(zip64.size() == 70'001);
        CHECK(zip64[0].entry.size == 3);
        CHECK(zip64[0].header_at == prefix.size());
        CHECK(zip64[70'000].entry.name == "f");
    }
}

TEST_CASE("An archive's end is not what its comment says") {
    const std::vector<Item> items{{.name = "a"}, {.name = "b"}, {.name = "c"}};
    const auto directory_size = zip_of(items).size() - end_of(0, 0, 0).size();
    const std::string signature{"PK\x05\x06"};
    const std::vector<std::string> comments{
        "plain",
        signature,
        signature + std::string(18, '\0'),
        signature + std::string(18, 'Z'),
        // Ends where the archive does, and says another volume.
        signature + std::string(16, 'Z') + std::string(2, '\0'),
        signature + std::string(18, '\0') + "more",
        "first " + end_of(0, 0, 0, "then " + end_of(1, 46, 7) + end_of(0, 0, 0)),
        // The same directory, with one entry fewer; or one where nothing is.
        end_of(2, directory_size, 0),
        end_of(1, 47, directory_size - 47),
        end_of(1, 46, 0xffff'fff0),
        end_of(0xffff, no_size, no_size),
        end_of(0, 0, 0, std::string(60'000, '#') + end_of(0, 0, 0)),
    };
    const std::string before(1000, '#');
    for (std::size_t i = 0; i < comments.size(); ++i) {
        CAPTURE(i);
        CHECK(read(zip_of(items, 0, comments[i])).size() == 3);
        CHECK(read(before + zip_of(items, 1000, comments[i])).size() == 3);
        CHECK(read(zip_of({}, 0, comments[i])).empty());
    }
    // Not counted in its places, what stands before is found, too.
    CHECK(read(before + zip_of(items, 0, comments[2])).at(2).header_at == 1000);
    CHECK(read(before + zip_of(items, 0, comments[4])).size() == 3);
}

TEST_CASE("What stands behind an archive is passed over, and a comment may be cut off") {
    const std::vector<Item> items{{.name = "a"}, {.name = "b"}};
    const auto fake = std::string{"PK\x05\x06"} + std::string(18, 'Z');
    CHECK(read(zip_of(items) + "some bytes").size() == 2);
    CHECK(read(zip_of(items, 0, "comment") + "some bytes").size() == 2);
    CHECK(read(zip_of(items, 0, fake) + "some bytes").size() == 2);
    CHECK(read(zip_of(items) + fake).size() == 2);
    CHECK(read(std::string(9, '#') + zip_of(items) + "some bytes").size() == 2);
    const auto cut = zip_of(items, 0, "a long comment");
    CHECK(read(cut.substr(0, cut.size() - 5)).size() == 2);
}

TEST_CASE("An archive that is damaged is said to be, also with another one inside or in volumes") {
    const auto refusal = [](const std::string& bytes) {
        const auto items = try_read(bytes);
        return items ? std::string{} : items.error().message();
    };
    const auto inner = std::string(31, '#') + zip_of({{.name = "inner"}});
    const auto outer = inner + end_of(1, 60, 5'000'000);
    CHECK(refusal(outer).contains("not where its end says"));
    CHECK(refusal(outer + "some bytes").contains("not where its end says"));
    auto volume = zip_of({{.name = "a"}});
    volume[volume.size() - 18] = 2;
    CHECK(refusal(volume).contains("several volumes"));
    CHECK(refusal(inner + volume).contains("several volumes"));
    CHECK(refusal("PK").contains("no zip"));
    CHECK(refusal(std::string(70'000, 'x')).contains("no zip"));
}

TEST_CASE(
    "What is written says UTF-8 of names that are, and times of before 1970 and odd seconds come back") {
    for (const std::string name : {"plain", "Straße", "\xff\xe1"}) {
        ZipWriter writer;
        const ArchiveEntry wanted{Kind::file, name, "", 0, 0640, -315'619'201};
        const auto archive = writer.begin(wanted, ZipMethod::stored) + writer.end(0, 0, 0) + writer.finish();
        const bool is_utf8 = name != "\xff\xe1";
        CHECK(((archive[7] & 8) != 0) == is_utf8);
        CHECK(((archive[archive.find("PK\x01\x02") + 9] & 8) != 0) == is_utf8);
        CHECK(read(archive)[0].entry == wanted);
    }
    ZipWriter writer;
    const auto archive = writer.begin({Kind::file, "f", "", 0, 0644, 1'661'990'401}, ZipMethod::stored);
    // For who knows no other time, the next even second.
    CHECK(static_cast<unsigned char>(archive[10]) == 1);
}
