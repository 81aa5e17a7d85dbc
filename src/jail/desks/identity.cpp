#include "jail/desks/identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <variant>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Code;
using core::Error;
using core::Expected;

using Member = std::variant<std::string*, std::uint64_t*, std::uint32_t*, pid_t*>;
struct Named {
    std::string_view name;
    Member member;
};

/// Those that the first version wrote. Desks that it made may live on: of them the later ones are empty.
constexpr std::size_t oldest_members = 15;

/// Every member with its name: the format, for writing and for reading. New ones come last.
std::array<Named, 18> members_of(Identity& i) {
    return {{{"id", &i.id},
             {"boot", &i.process.boot},
             {"pid", &i.process.pid},
             {"started", &i.process.started},
             {"user_namespace", &i.process.user_namespace},
             {"pid_namespace", &i.process.pid_namespace},
             {"nonce", &i.nonce},
             {"slot", &i.slot},
             {"uid_base", &i.uid_base},
             {"image", &i.image},
             {"image_hash", &i.image_hash},
             {"network", &i.network},
             {"interface", &i.interface},
             {"desk_hash", &i.desk_hash},
             {"groups", &i.groups},
             {"workspace", &i.workspace},
             {"disk", &i.disk},
             {"disk_way", &i.disk_way}}};
}

std::string to_json(const Member& member) {
    if (const auto* text = std::get_if<std::string*>(&member)) return fmt::format("\"{}\"", **text);
    return std::visit(
        [](auto* value) {
            if constexpr (std::is_same_v<decltype(value), std::string*>)
                return std::string{};
            else
                return fmt::to_string(*value);
        },
        member);
}

/// Puts the JSON value `text` where `member` points; false if it is not of that kind.
bool assign(const Member& member, std::string_view text) {
    return std::visit(
        [&](auto* value) {
            if constexpr (std::is_same_v<decltype(value), std::string*>) {
                if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return false;
                *value = text.substr(1, text.size() - 2);
                return !value->contains('\\') && !value->contains('"');
            } else {
                const auto number = core::parse_unsigned(text);
                *value = static_cast<std::remove_pointer_t<decltype(value)>>(number.value_or(0));
                return number.has_value() && static_cast<std::uint64_t>(*value) == *number;
            }
        },
        member);
}

/// `"name": value` with an optional comma after it.
bool read_line(std::string_view line, const Named& wanted) {
    line = core::trim(line);
    if (line.ends_with(',')) line.remove_suffix(1);
    const auto start = fmt::format("\"{}\": ", wanted.name);
    return line.starts_with(start) && assign(wanted.member, line.substr(start.size()));
}

std::uint64_t namespace_inode(pid_t pid, std::string_view kind) {
    struct stat status;
    const auto path = fmt::format("/proc/{}/ns/{}", pid, kind);
    checked("stat " + path, ::stat(path.c_str(), &status));
    return status.st_ino;
}

std::uint64_t start_time(pid_t pid) {
    const auto text = core::read_file(fmt::format("/proc/{}/stat", pid));
    // The name, in parentheses, may hold anything; what follows its end does not.
    const auto fields = core::split(std::string_view{text}.substr(text.rfind(')') + 2), ' ');
    constexpr std::size_t started = 22 - 3;  // counted from 1, and two are before the name's end
    const auto value = fields.size() > started ? core::parse_unsigned(fields[started]) : std::nullopt;
    if (!value) throw Error{Code::internal, fmt::format("/proc/{}/stat cannot be understood", pid)};
    return *value;
}

}  // namespace

std::string format_identity(const Identity& identity) {
    auto copy = identity;
    std::string text = "{";
    for (const auto& [name, member] : members_of(copy))
        text += fmt::format("{}\n  \"{}\": {}", text.size() > 1 ? "," : "", name, to_json(member));
    return text + "\n}\n";
}

Expected<Identity> parse_identity(std::string_view text) {
    Identity identity;
    const auto members = members_of(identity);
    const auto lines = core::split(core::trim(text), '\n');
    const auto count = lines.size() - std::min<std::size_t>(lines.size(), 2);
    if (count < oldest_members || count > members.size() || lines.front() != "{" || lines.back() != "}")
        return core::refuse("identity.json is not an object of one member a line");
    for (std::size_t i = 0; i < count; ++i)
        if (!read_line(lines[i + 1], members[i]))
            return core::refuse(
                fmt::format("identity.json has no usable {} in line {}", members[i].name, i + 2));
    return identity;
}

Expected<Identity> read_identity(const std::string& folder, const std::string& id) {
    const auto text = core::find_file_text(folder + "/identity.json");
    if (!text) return core::refuse("it was never finished", Code::conflict);
    auto identity = parse_identity(*text);
    if (identity && identity->id != id)
        return core::refuse(fmt::format("its identity.json names {}", identity->id), Code::conflict);
    return identity;
}

ProcessIdentity identify(pid_t pid) {
    return {std::string{core::trim(core::read_file("/proc/sys/kernel/random/boot_id"))}, pid, start_time(pid),
            namespace_inode(pid, "user"), namespace_inode(pid, "pid")};
}

void write_identity(const std::string& path, const Identity& identity) {
    const auto temporary = path + ".new";
    {
        const auto file = core::open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
        core::write_all(file.get(), format_identity(identity));
    }
    checked("rename to " + path, ::rename(temporary.c_str(), path.c_str()));
}

core::Fd find_living(const Identity& identity) {
    const auto pid = identity.process.pid;
    auto process = process::find_process(pid);
    if (!process) throw Error{Code::conflict, fmt::format("its first process {} is gone", pid)};
    const auto now = identify(pid);
    // Alive after identify: what was read is of the process that `process` means.
    if (process::has_ended(process))
        throw Error{Code::conflict, fmt::format("its first process {} is gone", pid)};
    if (now.boot != identity.process.boot) throw Error{Code::conflict, "it is from before the last boot"};
    if (now != identity.process)
        throw Error{Code::conflict, fmt::format("process {} is another one now", pid)};
    return process;
}

}  // namespace carrel::jail::desks
