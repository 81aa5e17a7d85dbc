// Sparse files in tars, in each way that GNU tar has stored them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "desk/archive/tar.hpp"
#include "desk/archive/tar_layout.hpp"

using namespace carrel::desk::archive;
using Kind = ArchiveEntry::Kind;

namespace {

/// "name size hole content", holes as dots; or the refusal.
std::string told(std::string_view bytes, std::size_t piece) {
    std::string text;
    TarReader reader{{.begin =
                          [&](const ArchiveEntry& entry) {
                              text += fmt::format("{} {} {} ", entry.name, entry.size, entry.hole);
                          },
                      .data = [&](std::string_view data) { text += data; },
                      .hole = [&](std::uint64_t size) { text.append(size, '.'); },
                      .end = [&] { text += ";"; },
                      .note = [](const std::string&) {}}};
    while (!bytes.empty()) {
        if (const auto pushed = reader.push(bytes.substr(0, piece)); !pushed) return pushed.error().message();
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    if (const auto finished = reader.finish(); !finished) return finished.error().message();
    return text;
}

std::string block(std::string header, char type, std::string_view content = {}) {
    header[type_place.at] = type;
    header.replace(sum_place.at, sum_place.size,
                   fmt::format("{:06o}", tar_sum(header)) + std::string{'\0', ' '});
    header += content;
    return header.append(tar_padding(content.size()), '\0');
}

std::string header_of(std::string name, std::uint64_t size) {
    return tar_header({Kind::file, std::move(name), "", size, 0644, 0});
}

std::string pax(const std::vector<std::string>& records) {
    std::string text;
    for (const auto& record : records) {
        auto size = record.size() + 2;
        size += std::to_string(size + std::to_string(size).size()).size();
        text += fmt::format("{} {}\n", size, record);
    }
    return block(header_of("pax", text.size()), 'x', text);
}

std::string number(std::uint64_t value) { return fmt::format("{:011o}", value) + '\0'; }

/// GNU's older format: parts in the header, and in blocks behind it.
std::string old_gnu(const SparseMap& map, std::uint64_t size, std::string_view content) {
    auto header = header_of("old", content.size());
    header.replace(magic_place.at, 8, std::string{"ustar  \0", 8});
    std::string more;
    for (std::size_t i = 0; i < map.size(); ++i) {
        const auto part = number(map[i].at) + number(map[i].size);
        if (i < sparse_parts_in_header) {
            header.replace(sparse_parts_at + 24 * i, 24, part);
            continue;
        }
        if ((i - sparse_parts_in_header) % sparse_parts_in_block == 0) {
            if (more.empty())
                header[sparse_more_at] = '\1';
            else
                more[more.size() - 512 + sparse_more_in_block_at] = '\1';
            more.append(512, '\0');
        }
        more.replace(more.size() - 512 + (i - sparse_parts_in_header) % sparse_parts_in_block * 24, 24, part);
    }
    header.replace(sparse_size_place.at, sparse_size_place.size, number(size));
    auto whole = block(header, 'S') + more + std::string{content};
    return whole.append(tar_padding(content.size()), '\0');
}

const std::string next = block(header_of("next", 2), '0', "ok");

void check(const std::string& archive, const std::string& wanted) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{511}, archive.size()}) {
        CAPTURE(piece);
        CHECK(told(archive, piece) == wanted);
    }
}

}  // namespace

TEST_CASE("A sparse file of GNU's older format is read, however many parts it has") {
    check(old_gnu({{3, 2}, {8, 1}, {12, 0}}, 12, "abc") + next, "old 12 9 ...ab...c...;next 2 0 ok;");
    check(old_gnu({{5, 0}}, 5, "") + next, "old 5 5 .....;next 2 0 ok;");
    SparseMap many;
    std::string content;
    std::string wanted;
    for (std::uint64_t i = 0; i < 60; ++i) {
        many.push_back({2 * i + 1, 1});
        content += static_cast<char>('a' + i % 26);
        wanted += std::string{'.'} + content.back();
    }
    check(old_gnu(many, 120, content) + next, "old 120 60 " + wanted + ";next 2 0 ok;");
}

TEST_CASE("A sparse file of pax is read in each of its three forms") {
    check(pax({"GNU.sparse.size=12", "GNU.sparse.numblocks=3", "GNU.sparse.offset=3", "GNU.sparse.numbytes=2",
               "GNU.sparse.offset=8", "GNU.sparse.numbytes=1", "GNU.sparse.offset=12",
               "GNU.sparse.numbytes=0"}) +
              block(header_of("zero", 3), '0', "abc") + next,
          "zero 12 9 ...ab...c...;next 2 0 ok;");
    check(pax({"GNU.sparse.size=12", "GNU.sparse.numblocks=2", "GNU.sparse.name=real",
               "GNU.sparse.map=3,2,8,1"}) +
              block(header_of("GNUSparseFile.1/real", 3), '0', "abc") + next,
          "real 12 9 ...ab...c...;next 2 0 ok;");
    std::string map = "3\n3\n2\n8\n1\n12\n0\n";
    map.resize(512, '\0');
    const std::vector<std::string> records{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=real",
                                           "GNU.sparse.realsize=12"};
    check(pax(records) + block(header_of("x", 515), '0', map + "abc") + next,
          "real 12 9 ...ab...c...;next 2 0 ok;");
    std::string long_map = "100\n";
    std::string wanted;
    for (int i = 0; i < 100; ++i) {
        long_map += fmt::format("{}\n1\n", 2 * i + 1);
        wanted += ".x";
    }
    long_map.resize(1024, '\0');
    check(pax({records[0], records[1], records[2], "GNU.sparse.realsize=200"}) +
              block(header_of("x", 1124), '0', long_map + std::string(100, 'x')) + next,
          "real 200 100 " + wanted + ";next 2 0 ok;");
}

TEST_CASE("Maps that cannot be are refused") {
    const std::string malformed = "the tar has a sparse file whose map is malformed";
    CHECK(told(old_gnu({{3, 2}, {4, 1}}, 12, "abc"), 512) == malformed);
    CHECK(told(old_gnu({{3, 2}, {8, 1}}, 8, "abc"), 512) == malformed);
    CHECK(told(old_gnu({{3, 2}, {8, 5}}, 20, "abc"), 512) == malformed);
    CHECK(told(old_gnu({{std::uint64_t{1} << 32, 3}}, 12, "abc"), 512) == malformed);
    const auto forms = [](const std::string& text) {
        return told(
            pax({"GNU.sparse.size=12", "GNU.sparse.map=" + text}) + block(header_of("x", 3), '0', "abc"),
            512);
    };
    for (const char* text :
         {"", "3", "3,2,8", "a,b", "3,-2", "8,1,3,2", "0,18446744073709551615", "3,2,8,2"}) {
        CAPTURE(text);
        CHECK(forms(text) == malformed);
    }
    const auto texts = [](std::string map, std::uint64_t size) {
        map.resize(512, '\0');
        return told(pax({"GNU.sparse.major=1", "GNU.sparse.realsize=12"}) +
                        block(header_of("x", size), '0', map + "abc"),
                    512);
    };
    for (const char* text : {"x\n", "1\n3\n-2\n", "1\n3\n", "\n", "123456789012345678901234567890\n"}) {
        CAPTURE(text);
        CHECK(texts(text, 515) == malformed);
    }
    CHECK(texts("1\n3\n3\n", 100) == malformed);
    CHECK(texts("9999999\n", 515) == "the tar has a sparse file in too many parts");
    CHECK(told(pax({"GNU.sparse.major=2", "GNU.sparse.realsize=1"}), 512) ==
          "the tar has a sparse file of a newer kind, which is not unpacked");
    CHECK(told(pax({"GNU.sparse.size=1", "GNU.sparse.numbytes=1"}), 512) ==
          "the tar has a malformed pax header");
    const auto cut = old_gnu({{3, 2}, {8, 1}}, 12, "abc");
    CHECK(told(cut.substr(0, 514), 512) == "the tar ends in the middle");
}
