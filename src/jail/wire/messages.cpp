#include "jail/wire/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/id.hpp"
#include "core/text.hpp"

namespace carrel::jail::wire {

namespace {

using core::Code;
using core::Expected;
using core::refuse;

constexpr std::string_view kept_word = "kept";

struct Message {
    std::uint64_t number;
    std::string_view verb;
    std::vector<std::pair<std::string_view, std::string_view>> fields;
};

/// Splits "7 start\nkey=value\n…"; knows no verb and no key.
Expected<Message> parse_message(std::string_view text, std::size_t longest) {
    if (text.size() > longest) return refuse(fmt::format("a message may have at most {} bytes", longest));
    if (text.ends_with('\n')) text.remove_suffix(1);
    const auto lines = core::split(text, '\n');
    const auto space = lines[0].find(' ');
    const auto number = core::parse_unsigned(lines[0].substr(0, space));
    if (space == text.npos || !number) return refuse("a message must begin with a number and a word");
    Message message{*number, lines[0].substr(space + 1), {}};
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto equals = lines[i].find('=');
        if (equals == 0 || equals == lines[i].npos)
            return refuse(fmt::format("line {} must be key=value", i + 1));
        message.fields.emplace_back(lines[i].substr(0, equals), lines[i].substr(equals + 1));
    }
    return message;
}

/// Takes named fields out of a request. What was wrong is asked at the end: the first complaint.
class Taker {
public:
    explicit Taker(const Message& message) : message_{message} {}

    std::string text(std::string_view key) {
        std::string value;
        std::size_t found = 0;
        for (const auto& [name, text] : message_.fields) {
            if (name != key) continue;
            value = text;
            ++found;
        }
        if (found != 1) complain(fmt::format("{} must be given once, not {} times", key, found));
        ++taken_;
        return value;
    }

    template <class Number>
    Number number(std::string_view key) {
        const auto given = text(key);
        const auto value = core::parse_unsigned(given);
        if (!value || *value > std::numeric_limits<Number>::max())
            complain(fmt::format("{} is '{}', but must be a number of at most {}", key, given,
                                 std::numeric_limits<Number>::max()));
        return static_cast<Number>(value.value_or(0));
    }

    bool has(std::string_view key) const {
        return std::ranges::any_of(message_.fields, [&](const auto& field) { return field.first == key; });
    }

    Limits limits() {
        return {.memory = number<std::uint64_t>("memory"),
                .cpu = number<std::uint32_t>("cpu"),
                .processes = number<std::uint32_t>("processes"),
                .disk = number<std::uint64_t>("disk")};
    }

    std::optional<Workspace> workspace() {
        if (!has("workspace") && !has("workspace_owner") && !has("workspace_home")) return std::nullopt;
        Workspace asked{.owner = text("workspace_owner"), .name = text("workspace"), .home = false};
        asked.home = flag("workspace_home");
        if (const auto fault = find_fault(asked)) complain(fault->message());
        return asked;
    }

    bool flag(std::string_view key) {
        const auto given = text(key);
        if (given != "yes" && given != "no")
            complain(fmt::format("{} is '{}', but must be yes or no", key, given));
        return given == "yes";
    }

    /// A word that is there or not.
    bool kept_files() {
        if (!has("files")) return false;
        if (const auto given = text("files"); given != kept_word)
            complain(fmt::format("files is '{}', but must be {}, or absent", given, kept_word));
        return true;
    }

    std::string desk_id() {
        auto id = text("id");
        if (!core::is_id("desk_", id))
            complain(fmt::format("id is '{}', but must be desk_ and 12 hexadecimal digits", id));
        return id;
    }

    Network network() {
        const auto given = text("network");
        if (given == name_of(Network::internet)) return Network::internet;
        if (given != name_of(Network::none))
            complain(fmt::format("network is '{}', but must be none or internet", given));
        return Network::none;
    }

    void complain(std::string sentence) {
        if (complaint_.empty()) complaint_ = std::move(sentence);
    }

    /// `what`, unless something was wrong or a field is left that nobody asked for.
    Expected<What> finish(What what) {
        if (complaint_.empty() && taken_ != message_.fields.size())
            complain(fmt::format("{} has {} fields, not {}", message_.verb, taken_, message_.fields.size()));
        if (!complaint_.empty()) return refuse(complaint_);
        return what;
    }

private:
    const Message& message_;
    std::size_t taken_ = 0;
    std::string complaint_;
};

Expected<What> parse_start(Taker& take) {
    Spec spec;
    spec.id = take.text("id");
    spec.slot = take.number<std::uint32_t>("slot");
    spec.image = take.text("image");
    spec.image_hash = take.text("image_hash");
    spec.nonce = take.text("nonce");
    spec.width = take.number<std::uint32_t>("width");
    spec.height = take.number<std::uint32_t>("height");
    spec.network = take.network();
    spec.limits = take.limits();
    spec.workspace = take.workspace();
    spec.has_kept_files = take.kept_files();
    auto judged = judge(spec);
    if (!judged) take.complain(judged.error().message());
    return take.finish(Start{std::move(spec)});
}

Expected<What> parse_change(Taker& take) {
    Change change{.id = take.desk_id(), .limits = {}, .network = {}, .workspace = {}};
    if (take.has("memory") || take.has("cpu") || take.has("processes") || take.has("disk")) {
        change.limits = take.limits();
        if (const auto fault = find_fault(*change.limits)) take.complain(fault->message());
    }
    if (take.has("network")) change.network = take.network();
    change.workspace = take.workspace();
    return take.finish(std::move(change));
}

Expected<What> parse_stop(Taker& take) {
    Stop stop{.id = take.desk_id()};
    stop.keeps_files = take.kept_files();
    return take.finish(std::move(stop));
}

Expected<What> parse_list_workspaces(Taker& take) {
    auto owner = take.text("workspace_owner");
    if (!is_hex(owner, 64)) take.complain("workspace_owner must be 64 hexadecimal digits");
    return take.finish(ListWorkspaces{std::move(owner)});
}

template <class Verb>
Expected<What> parse_for_workspace(Taker& take) {
    Workspace asked{.owner = take.text("workspace_owner"), .name = take.text("workspace")};
    if (const auto fault = find_fault(asked)) take.complain(fault->message());
    return take.finish(Verb{std::move(asked.owner), std::move(asked.name)});
}

template <class Verb>
Expected<What> parse_for_desk(Taker& take) {
    return take.finish(Verb{take.desk_id()});
}

struct Verb {
    std::string_view name;
    Expected<What> (*parse)(Taker&);
};

/// In the order of What's alternatives.
constexpr std::array<Verb, std::variant_size_v<What>> verbs{{
    {"start", parse_start},
    {"stop", parse_stop},
    {"adopt", parse_for_desk<Adopt>},
    {"ending", parse_for_desk<Ending>},
    {"freeze", parse_for_desk<Freeze>},
    {"thaw", parse_for_desk<Thaw>},
    {"usage", parse_for_desk<Usage>},
    {"change", parse_change},
    {"list_workspaces", parse_list_workspaces},
    {"read_workspace", parse_for_workspace<ReadWorkspace>},
    {"delete_workspace", parse_for_workspace<DeleteWorkspace>},
    {"list", [](Taker& take) { return take.finish(List{}); }},
    {"doctor", [](Taker& take) { return take.finish(Doctor{}); }},
}};

std::string format_limits(const Limits& limits) {
    return fmt::format("memory={}\ncpu={}\nprocesses={}\ndisk={}\n", limits.memory, limits.cpu,
                       limits.processes, limits.disk);
}

std::string format_workspace(const std::optional<Workspace>& workspace) {
    if (!workspace) return {};
    return fmt::format("workspace={}\nworkspace_owner={}\nworkspace_home={}\n", workspace->name,
                       workspace->owner, workspace->home ? "yes" : "no");
}

std::string format_kept(bool has_kept) {
    return has_kept ? fmt::format("files={}\n", kept_word) : std::string{};
}

std::string format_fields(const Start& start) {
    const auto& spec = start.spec;
    return fmt::format(
        "id={}\nslot={}\nimage={}\nimage_hash={}\nnonce={}\nwidth={}\nheight={}\nnetwork={}\n{}{}{}", spec.id,
        spec.slot, spec.image, spec.image_hash, spec.nonce, spec.width, spec.height, name_of(spec.network),
        format_limits(spec.limits), format_workspace(spec.workspace), format_kept(spec.has_kept_files));
}
std::string format_fields(const Stop& stop) {
    return fmt::format("id={}\n{}", stop.id, format_kept(stop.keeps_files));
}
std::string format_fields(const Change& change) {
    return fmt::format("id={}\n{}{}{}", change.id, change.limits ? format_limits(*change.limits) : "",
                       change.network ? fmt::format("network={}\n", name_of(*change.network)) : "",
                       format_workspace(change.workspace));
}
template <class ForDesk>
    requires requires(const ForDesk& what) { what.id; }
std::string format_fields(const ForDesk& what) {
    return fmt::format("id={}\n", what.id);
}
std::string format_fields(const ListWorkspaces& what) {
    return fmt::format("workspace_owner={}\n", what.owner);
}
template <class ForWorkspace>
    requires requires(const ForWorkspace& what) { what.name; }
std::string format_fields(const ForWorkspace& what) {
    return fmt::format("workspace_owner={}\nworkspace={}\n", what.owner, what.name);
}
std::string format_fields(const List&) { return {}; }
std::string format_fields(const Doctor&) { return {}; }

/// A value must stay on its line, whatever the kernel or a desk put in it.
std::string on_one_line(std::string_view text) {
    std::string line{text};
    std::ranges::replace(line, '\n', ' ');
    return line;
}

Code code_of(std::string_view name) {
    for (const auto code : {Code::invalid, Code::unauthorized, Code::forbidden, Code::not_found,
                            Code::conflict, Code::exhausted, Code::timeout, Code::unavailable})
        if (core::name_of(code) == name) return code;
    return Code::internal;
}

}  // namespace

std::optional<std::string_view> Answer::find(std::string_view key) const {
    for (const auto& [name, value] : fields)
        if (name == key) return value;
    return std::nullopt;
}

std::uint64_t Answer::get_number(std::string_view key) const {
    const auto value = core::parse_unsigned(find(key).value_or(""));
    if (!value) throw core::Error{Code::internal, fmt::format("the jail's answer has no number {}", key)};
    return *value;
}

std::string format_request(const Request& request) {
    return fmt::format("{} {}\n{}", request.number, verbs[request.what.index()].name,
                       std::visit([](const auto& what) { return format_fields(what); }, request.what));
}

Expected<Request> parse_request(std::string_view text) {
    const auto message = parse_message(text, longest_request);
    if (!message) return std::unexpected{message.error()};
    const auto verb = std::ranges::find(verbs, message->verb, &Verb::name);
    if (verb == verbs.end()) return refuse(fmt::format("'{}' is no request", message->verb));
    Taker take{*message};
    auto what = verb->parse(take);
    if (!what) return std::unexpected{what.error()};
    return Request{message->number, std::move(*what)};
}

std::uint64_t number_of(std::string_view request) {
    return core::parse_unsigned(request.substr(0, request.find(' '))).value_or(0);
}

std::string format_answer(const Answer& answer) {
    if (answer.error)
        return fmt::format("{} error\ncode={}\nreason={}\nmessage={}\n", answer.number,
                           core::name_of(answer.error->code()), on_one_line(answer.error->reason()),
                           on_one_line(answer.error->message()));
    auto text = fmt::format("{} ok\n", answer.number);
    for (const auto& [key, value] : answer.fields) text += fmt::format("{}={}\n", key, on_one_line(value));
    return text;
}

Expected<Answer> parse_answer(std::string_view text) {
    const auto message = parse_message(text, longest_answer);
    if (!message) return std::unexpected{message.error()};
    Answer answer{message->number, std::nullopt, {}};
    for (const auto& [key, value] : message->fields) answer.fields.emplace_back(key, value);
    if (message->verb == "ok") return answer;
    if (message->verb != "error") return refuse(fmt::format("'{}' is no answer", message->verb));
    answer.error.emplace(code_of(answer.find("code").value_or("")),
                         std::string{answer.find("message").value_or("the jail did not say why")},
                         std::string{answer.find("reason").value_or("")});
    return answer;
}

}  // namespace carrel::jail::wire
