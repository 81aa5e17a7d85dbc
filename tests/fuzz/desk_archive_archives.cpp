// The readers of archives: any bytes, in any pieces, give the same entries, never more content than came in,
// and no name that leads out of a directory. What is read of a tar can be written, and is read the same
// again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "desk/archive/tar.hpp"
#include "desk/archive/zip.hpp"

namespace {

using namespace carrel::desk;

struct Reading {
    std::vector<archive::ArchiveEntry> entries;
    std::uint64_t passed = 0;
    std::uint64_t announced = 0;
    int open = 0;
    bool is_refused = false;
};

Reading read(std::string_view bytes, std::size_t piece) {
    Reading reading;
    archive::TarReader reader{{.begin =
                                   [&](archive::ArchiveEntry entry) {
                                       if (++reading.open != 1) std::abort();
                                       reading.announced = entry.size;
                                       reading.entries.push_back(std::move(entry));
                                   },
                               .data =
                                   [&](std::string_view data) {
                                       if (data.size() > reading.announced) std::abort();
                                       reading.announced -= data.size();
                                       reading.passed += data.size();
                                   },
                               .hole =
                                   [&](std::uint64_t hole) {
                                       if (hole > reading.announced) std::abort();
                                       reading.announced -= hole;
                                   },
                               .end =
                                   [&] {
                                       if (--reading.open != 0 || reading.announced != 0) std::abort();
                                   },
                               .note = [](const std::string&) {}}};
    while (!bytes.empty() && !reading.is_refused) {
        reading.is_refused = !reader.push(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    if (!reading.is_refused) reading.is_refused = !reader.finish();
    return reading;
}

void judge_names(const archive::ArchiveEntry& entry) {
    const auto steps = archive::safe_steps(entry.name);
    if (!steps) return;
    for (const auto& step : *steps)
        if (step.empty() || step == "." || step == ".." || step.find('/') != step.npos ||
            step.find('\0') != step.npos)
            std::abort();
    if (!steps->empty()) (void)archive::judge_link(*steps, entry.target);
}

void write_again(const archive::ArchiveEntry& entry) {
    // pax records end at a NUL for nobody, but ustar's fields do.
    if (entry.name.empty() || entry.name.find('\0') != entry.name.npos ||
        entry.target.find('\0') != entry.target.npos || entry.name.size() + entry.target.size() > 60'000)
        return;
    const auto again = read(archive::tar_header(entry), 1 << 20);
    if (again.entries.size() != 1) std::abort();
    auto wanted = entry;
    if (wanted.kind == archive::ArchiveEntry::Kind::folder && !wanted.name.ends_with('/')) wanted.name += '/';
    // Whole seconds and whole files are written.
    wanted.nanoseconds = 0;
    wanted.hole = 0;
    if (again.entries[0] != wanted) std::abort();
}

void read_zip(std::string_view bytes) {
    const auto read_at = [bytes](std::uint64_t at, std::size_t size) {
        return at >= bytes.size() ? std::string{}
                                  : std::string{bytes.substr(static_cast<std::size_t>(at), size)};
    };
    const auto items = archive::read_zip_directory(read_at, bytes.size());
    if (!items) return;
    for (const auto& item : *items) {
        judge_names(item.entry);
        (void)archive::find_zip_content(read_at, item);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = read(bytes, size + 1);
    const auto split = read(bytes, 7);
    if (whole.passed > size || whole.is_refused != split.is_refused || whole.entries != split.entries)
        std::abort();
    for (const auto& entry : whole.entries) {
        judge_names(entry);
        write_again(entry);
    }
    read_zip(bytes);
    return 0;
}
