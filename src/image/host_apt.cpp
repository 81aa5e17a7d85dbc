#include "image/host_apt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::image {

namespace {

using Words = std::vector<std::string_view>;

bool contains(const Words& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool serves(std::string_view offered, std::string_view suite) {
    if (!offered.starts_with(suite)) return false;
    const auto rest = offered.substr(suite.size());
    return rest.empty() || rest == "-updates" || rest == "-security";
}

/// Other vendors also name their suites after Debian's. Theirs have their own keys and components.
bool is_debians(std::string_view uri, std::string_view signed_by) {
    const bool by_web = uri.starts_with("http://") || uri.starts_with("https://");
    const bool debians_key = signed_by.empty() || signed_by.contains("debian-archive");
    return by_web && uri.contains("debian") && debians_key;
}

/// The value of `name=` in `[arch=amd64 signed-by=/…]`.
std::string_view option_of(std::string_view options, std::string_view name) {
    for (const auto word : core::words_of(options))
        if (word.starts_with(name) && word.substr(name.size()).starts_with("="))
            return word.substr(name.size() + 1);
    return {};
}

std::string make_line(std::string_view uri, std::string_view suite, std::string_view trusted) {
    return fmt::format("deb {}{} {} main", trusted == "yes" ? "[trusted=yes] " : "", uri, suite);
}

/// The fields of a deb822 paragraph that matter here; a line that starts with a space continues.
struct Paragraph {
    std::string types, uris, suites, components, signed_by, enabled, trusted;

    std::string* find_field(std::string_view name) {
        const std::array<std::pair<std::string_view, std::string*>, 7> fields{{{"types", &types},
                                                                               {"uris", &uris},
                                                                               {"suites", &suites},
                                                                               {"components", &components},
                                                                               {"signed-by", &signed_by},
                                                                               {"enabled", &enabled},
                                                                               {"trusted", &trusted}}};
        for (const auto& [known, field] : fields)
            if (core::equals_ignoring_case(known, name)) return field;
        return nullptr;
    }
};

std::vector<Paragraph> read_paragraphs(std::string_view text) {
    std::vector<Paragraph> paragraphs(1);
    std::string* current = nullptr;
    for (const auto line : core::split(text, '\n')) {
        if (core::trim(line).empty()) {
            paragraphs.emplace_back();
            current = nullptr;
        } else if (line.starts_with("#")) {
            continue;
        } else if (line.starts_with(" ") || line.starts_with("\t")) {
            if (current) current->append(" ").append(core::trim(line));
        } else if (const auto colon = line.find(':'); colon != line.npos) {
            current = paragraphs.back().find_field(line.substr(0, colon));
            if (current) *current = core::trim(line.substr(colon + 1));
        }
    }
    return paragraphs;
}

void add_lines(const Paragraph& paragraph, std::string_view suite, std::vector<std::string>& lines) {
    if (core::equals_ignoring_case(paragraph.enabled, "no")) return;
    if (!contains(core::words_of(paragraph.types), "deb") ||
        !contains(core::words_of(paragraph.components), "main"))
        return;
    for (const auto uri : core::words_of(paragraph.uris))
        for (const auto offered : core::words_of(paragraph.suites))
            if (serves(offered, suite) && is_debians(uri, paragraph.signed_by))
                lines.push_back(make_line(uri, offered, paragraph.trusted));
}

constexpr std::array<std::string_view, 7> relevant_names{
    "Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::Retries", "Acquire::ForceIPv4",
    "Acquire::Max-FutureTime",    "Acquire::http::",     "Acquire::https::"};

}  // namespace

std::vector<std::string> debian_lines_of_list(std::string_view text, std::string_view suite) {
    std::vector<std::string> lines;
    for (auto line : core::split(text, '\n')) {
        line = core::trim(line.substr(0, line.find('#')));
        if (!line.starts_with("deb ") && !line.starts_with("deb\t")) continue;
        line = core::trim(line.substr(4));
        std::string_view options;
        if (line.starts_with("[")) {
            const auto end = line.find(']');
            if (end == line.npos) continue;
            options = line.substr(1, end - 1);
            line = line.substr(end + 1);
        }
        const auto words = core::words_of(line);
        if (words.size() < 3 || !contains(words, "main") || !serves(words[1], suite)) continue;
        if (is_debians(words[0], option_of(options, "signed-by")))
            lines.push_back(make_line(words[0], words[1], option_of(options, "trusted")));
    }
    return lines;
}

std::vector<std::string> debian_lines_of_deb822(std::string_view text, std::string_view suite) {
    std::vector<std::string> lines;
    for (const auto& paragraph : read_paragraphs(text)) add_lines(paragraph, suite, lines);
    return lines;
}

std::vector<std::string> default_debian_lines(std::string_view suite) {
    return {fmt::format("deb http://deb.debian.org/debian {} main", suite),
            fmt::format("deb http://deb.debian.org/debian {}-updates main", suite),
            fmt::format("deb http://deb.debian.org/debian-security {}-security main", suite)};
}

std::string relevant_settings(std::string_view dump) {
    std::string settings;
    for (const auto line : core::split(dump, '\n'))
        for (const auto name : relevant_names) {
            const bool whole = line.substr(0, line.find(' ')) == name;
            if (whole || (name.ends_with("::") && line.starts_with(name))) settings.append(line).append("\n");
        }
    return settings;
}

std::vector<std::string> debian_lines_of_host(std::string_view suite) {
    const std::string folder = "/etc/apt/sources.list.d";
    std::vector<std::string> files;
    if (std::filesystem::is_directory(folder))
        for (const auto& entry : std::filesystem::directory_iterator{folder}) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<std::string> lines =
        debian_lines_of_list(core::find_file_text("/etc/apt/sources.list").value_or(""), suite);
    for (const auto& file : files) {
        const bool is_list = file.ends_with(".list");
        if (!is_list && !file.ends_with(".sources")) continue;
        const auto text = core::read_file(file);
        for (auto& line : is_list ? debian_lines_of_list(text, suite) : debian_lines_of_deb822(text, suite))
            if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
    }
    return lines.empty() ? default_debian_lines(suite) : lines;
}

}  // namespace carrel::image
