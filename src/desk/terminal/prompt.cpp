#include "desk/terminal/prompt.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/processes/tree.hpp"

namespace carrel::desk::terminal {

namespace {

/// Threads of one process that are looked at.
constexpr int most_threads = 32;
constexpr std::size_t longest_line = 300;  // bytes

std::optional<std::uint64_t> parse_hexadecimal(std::string_view word) {
    if (!word.starts_with("0x")) return std::nullopt;
    word.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    if (failure != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

/// Where a terminal's control sequence ends that begins at `at` with ESC.
std::size_t end_of_sequence(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size()) return text.size();
    const char kind = text[at + 1];
    if (kind == '[') {
        at += 2;
        while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
        return std::min(at + 1, text.size());
    }
    if (kind == ']') {  // ends with BEL or ESC backslash
        const auto end = text.find_first_of("\a\x1b", at + 2);
        if (end == text.npos) return text.size();
        return std::min(text[end] == '\a' ? end + 1 : end + 2, text.size());
    }
    return at + 2;
}

std::string without_sequences(std::string_view text) {
    std::string kept;
    for (std::size_t at = 0; at < text.size();)
        if (text[at] == '\x1b')
            at = end_of_sequence(text, at);
        else
            kept += text[at++];
    return kept;
}

std::optional<std::string> text_of(const std::string& path) {
    try {
        return core::find_file_text(path, 4096);
    } catch (const core::Error&) {
        return std::nullopt;  // it has ended meanwhile, or hides itself
    }
}

std::string name_of(pid_t process, std::uint64_t descriptor) {
    std::array<char, 256> target;
    const auto count =
        ::readlink(fmt::format("/proc/{}/fd/{}", process, descriptor).c_str(), target.data(), target.size());
    return count <= 0 ? std::string{} : std::string{target.data(), static_cast<std::size_t>(count)};
}

/// Of the file that a thread reads, by its folder in /proc.
std::string file_read_by(pid_t process, const std::string& thread) {
    const auto line = text_of(thread + "/syscall");
    const auto descriptor = line ? parse_reading(*line) : std::nullopt;
    return descriptor ? name_of(process, *descriptor) : std::string{};
}

bool reads_terminal(pid_t process, const std::string& terminal) {
    const auto folder = fmt::format("/proc/{}/task", process);
    const std::unique_ptr<DIR, int (*)(DIR*)> threads{::opendir(folder.c_str()), ::closedir};
    if (!threads) return false;
    int left = most_threads;
    while (const dirent* entry = ::readdir(threads.get())) {
        if (!core::parse_unsigned(entry->d_name)) continue;
        if (left-- == 0) return false;
        const auto name = file_read_by(process, fmt::format("{}/{}", folder, entry->d_name));
        if (name == "/dev/tty" || name == terminal) return true;
    }
    return false;
}

}  // namespace

std::optional<std::uint64_t> parse_reading(std::string_view line) {
    const auto words = core::split(core::trim(line), ' ');
    if (words.size() < 2) return std::nullopt;
    const auto call = core::parse_unsigned(words[0]);
    if (!call || (*call != SYS_read && *call != SYS_readv)) return std::nullopt;
    return parse_hexadecimal(words[1]);
}

std::string file_being_read(pid_t process) { return file_read_by(process, fmt::format("/proc/{}", process)); }

std::string last_line(std::string_view printed) {
    const auto text = without_sequences(printed);
    std::string last;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const auto end = std::min(text.find_first_of("\r\n", begin), text.size());
        auto line = core::plain_text(std::string_view{text}.substr(begin, end - begin), text.size(), false);
        if (!core::trim(line).empty()) last = std::move(line);
        begin = end + 1;
    }
    if (last.size() <= longest_line) return last;
    std::string_view tail = std::string_view{last}.substr(last.size() - longest_line);
    while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xC0) == 0x80) tail.remove_prefix(1);
    return std::string{tail};
}

std::optional<pid_t> find_terminal_reader(pid_t group, const std::string& terminal) {
    for (const auto& each : processes::read_facts())
        if (each.group == group && !each.is_zombie && reads_terminal(each.pid, terminal)) return each.pid;
    return std::nullopt;
}

}  // namespace carrel::desk::terminal
