#include "store/desk_columns.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

namespace {

std::optional<std::int64_t> number_or_null(const std::optional<core::Instant>& instant) {
    if (!instant) return std::nullopt;
    return number_of(*instant);
}

std::optional<core::Instant> find_instant(const sql::Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return instant_of(row.number(column));
}

std::optional<int> find_number(const sql::Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return static_cast<int>(row.number(column));
}

/// What is no digest, which nobody of ours has written, becomes one that no secret has.
crypto::Sha256 digest_of(std::string_view hex) {
    crypto::Sha256 digest{};
    if (hex.size() != 2 * digest.size()) return digest;
    const auto value = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<std::uint8_t>(value(hex[2 * i]) * 16 + value(hex[2 * i + 1]));
    return digest;
}

}  // namespace

void Transaction::insert_key(const KeyRow& key) {
    db_.prepare(
           "INSERT INTO keys (id, digest, principal, role, name, created_at, last_used_at, expires_at, "
           "revoked_at, most_desks, cpu_percent, memory_mb) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(key.id, crypto::to_hex(key.digest), key.principal, key.role, key.name,
              number_of(key.created_at), number_or_null(key.last_used_at), number_or_null(key.expires_at),
              number_or_null(key.revoked_at), key.most_desks, key.cpu_percent, key.memory_mb)
        .run();
    for (const auto& [provider, reference] : key.model_keys)
        db_.prepare("INSERT INTO key_models (key_id, provider, reference) VALUES (?, ?, ?)")
            .bind(key.id, provider, reference)
            .run();
}

std::vector<KeyRow> Transaction::keys() {
    std::map<std::string, std::map<std::string, std::string>> references;
    auto model = db_.prepare("SELECT key_id, provider, reference FROM key_models");
    while (model.step()) references[model.text(0)][model.text(1)] = model.text(2);
    auto row = db_.prepare(
        "SELECT id, digest, principal, role, name, created_at, last_used_at, expires_at, revoked_at, "
        "most_desks, cpu_percent, memory_mb FROM keys");
    std::vector<KeyRow> keys;
    while (row.step()) {
        auto& key = keys.emplace_back();
        key.id = row.text(0);
        key.digest = digest_of(row.text(1));
        key.principal = row.text(2);
        key.role = row.text(3);
        key.name = row.text(4);
        key.created_at = instant_of(row.number(5));
        key.last_used_at = find_instant(row, 6);
        key.expires_at = find_instant(row, 7);
        key.revoked_at = find_instant(row, 8);
        key.most_desks = find_number(row, 9);
        key.cpu_percent = find_number(row, 10);
        key.memory_mb = find_number(row, 11);
        if (const auto own = references.find(key.id); own != references.end())
            key.model_keys = std::move(own->second);
    }
    return keys;
}

bool Transaction::has_key() {
    auto row = db_.prepare("SELECT 1 FROM keys LIMIT 1");
    return row.step();
}

void Transaction::revoke_key(std::string_view id, core::Instant now) {
    // Whoever fills the disk shall not keep their key by it.
    may_use_reserve_ = true;
    db_.prepare("UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
        .bind(number_of(now), id)
        .run();
    db_.prepare("DELETE FROM links WHERE key_id = ?").bind(id).run();
}

void Transaction::set_key_used(std::string_view id, core::Instant when) {
    db_.prepare("UPDATE keys SET last_used_at = ? WHERE id = ?").bind(number_of(when), id).run();
}

void Transaction::insert_link(const LinkRow& link) {
    db_.prepare(
           "INSERT INTO links (id, digest, session_id, principal, key_id, role, created_at, expires_at) "
           "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(link.id, crypto::to_hex(link.digest), link.session_id, link.principal, link.key_id, link.role,
              number_of(link.created_at), number_of(link.expires_at))
        .run();
}

std::vector<LinkRow> Transaction::links() {
    auto row = db_.prepare(
        "SELECT id, digest, session_id, principal, key_id, role, created_at, expires_at FROM links");
    std::vector<LinkRow> links;
    while (row.step())
        links.push_back({row.text(0), digest_of(row.text(1)), row.text(2), row.text(3), row.text(4),
                         row.text(5), instant_of(row.number(6)), instant_of(row.number(7))});
    return links;
}

void Transaction::delete_link(std::string_view id) {
    may_use_reserve_ = true;
    db_.prepare("DELETE FROM links WHERE id = ?").bind(id).run();
}

}  // namespace carrel::store
