#include "fleet/adoption.hpp"

#include <algorithm>

#include "json/parse.hpp"

namespace carrel::fleet {

namespace {

Remedy::Kind remedy_for(const store::DeskRow& row, bool is_on_host) {
    const bool is_of_nobody = row.session_id.empty();
    if (is_of_nobody && !(is_on_host && row.state == store::DeskState::warm)) return Remedy::Kind::remove;
    // Its owner never had an answer, and what he asked for may not have been done: not even to cut its
    // network.
    if (row.code == still_beginning) return Remedy::Kind::mark_lost;
    const bool should_live = row.state == store::DeskState::starting ||
                             row.state == store::DeskState::ready || store::is_resting(row.state);
    if (!should_live) return Remedy::Kind::remove;
    return is_on_host ? Remedy::Kind::adopt : Remedy::Kind::mark_lost;
}

}  // namespace

std::vector<Remedy> plan_recovery(const std::vector<store::DeskRow>& rows,
                                  const std::vector<std::string>& on_host) {
    std::vector<Remedy> remedies;
    for (const auto& row : rows) {
        const bool is_on_host = std::ranges::find(on_host, row.id) != on_host.end();
        remedies.push_back({remedy_for(row, is_on_host), row.id, row});
    }
    for (const auto& id : on_host)
        if (std::ranges::find(rows, id, &store::DeskRow::id) == rows.end())
            remedies.push_back({Remedy::Kind::remove_odd, id, std::nullopt});
    return remedies;
}

core::Expected<Hello> parse_hello(std::string_view body) {
    const auto value = json::parse(body, 4);
    if (!value) return std::unexpected{value.error()};
    Hello hello{std::string{json::text_or(*value, "desk")}, std::string{json::text_or(*value, "nonce")},
                std::string{json::text_or(*value, "version")}};
    // A desk that an older server left says nothing of it.
    if (const auto* display = json::find(*value, "display"))
        hello.has_display = *display != json::Value(false);
    if (hello.desk.empty() || hello.nonce.empty()) return core::refuse("it does not say which desk it is");
    return hello;
}

std::optional<std::string> why_not_ours(const store::DeskRow& row, std::string_view identity_nonce,
                                        const Hello& hello) {
    if (identity_nonce != row.nonce) return "its identity file has another nonce than its row";
    if (hello.desk != row.id) return "it says that it is another desk";
    if (hello.nonce != row.nonce) return "it does not know its nonce";
    return std::nullopt;
}

}  // namespace carrel::fleet
