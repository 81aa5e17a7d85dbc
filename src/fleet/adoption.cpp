#include "fleet/adoption.hpp"

#include <algorithm>

#include "json/parse.hpp"

namespace carrel::fleet {

namespace {

Remedy::Kind remedy_for(const store::DeskRow& row, bool is_on_host, bool is_asleep) {
    const bool is_of_nobody = row.session_id.empty();
    if (is_of_nobody && !(is_on_host && row.state == store::DeskState::warm)) return Remedy::Kind::remove;
    // Who waited for it to be made anew never had an answer; its files are somewhere of both.
    const bool shall_sleep = row.state == store::DeskState::asleep ||
                             (row.state == store::DeskState::starting && row.code == after_sleep);
    if (shall_sleep) return is_on_host || is_asleep ? Remedy::Kind::sleep : Remedy::Kind::mark_lost;
    // Its owner never had an answer, and what he asked for may not have been done: not even to cut its
    // network.
    if (row.code == still_beginning) return Remedy::Kind::mark_lost;
    const bool should_live = row.state == store::DeskState::starting ||
                             row.state == store::DeskState::ready || store::is_resting(row.state);
    if (!should_live) return Remedy::Kind::remove;
    return is_on_host ? Remedy::Kind::adopt : Remedy::Kind::mark_lost;
}

}  // namespace

std::vector<Remedy> plan_recovery(const std::vector<store::DeskRow>& rows, const OnHost& on_host) {
    std::vector<Remedy> remedies;
    const auto holds = [](const std::vector<std::string>& ids, const std::string& id) {
        return std::ranges::find(ids, id) != ids.end();
    };
    for (const auto& row : rows)
        remedies.push_back(
            {remedy_for(row, holds(on_host.desks, row.id), holds(on_host.asleep, row.id)), row.id, row});
    for (const auto* ids : {&on_host.desks, &on_host.asleep})
        for (const auto& id : *ids)
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
