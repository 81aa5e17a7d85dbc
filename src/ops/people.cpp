#include "ops/people.hpp"

#include <algorithm>
#include <array>

#include "vendors/vendors.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::one_of;

constexpr double most_key_seconds = 10.0 * 365 * 24 * 3600;
constexpr double most_link_seconds = 30.0 * 24 * 3600;

/// Names stand in lists, in logs and in files of keys.
std::optional<std::string> why_no_user(std::string_view text) {
    const bool is_name = std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"-._@+"}.find(c) != std::string_view::npos;
    });
    if (is_name) return std::nullopt;
    return "must hold only letters and digits of ASCII and - . _ @ +";
}

bool is_reference(std::string_view text) {
    const auto is_made_of = [](std::string_view name, auto fits) {
        return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, fits);
    };
    constexpr std::string_view of_variable = "env:CARREL_MODEL_KEY_";
    constexpr std::string_view of_file = "file:";
    if (text.starts_with(of_variable))
        return is_made_of(text.substr(of_variable.size()), [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        });
    if (!text.starts_with(of_file) || text.substr(of_file.size()).starts_with('.')) return false;
    return is_made_of(text.substr(of_file.size()), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    });
}

/// References only: whoever writes the key itself here would have it stored.
json::Rule model_keys_rule() {
    json::Rule rule;
    rule.schema = {{"additionalProperties", json::Object{{"type", "string"}}}};
    rule.check = [](const json::Value& value) -> std::optional<std::string> {
        const auto* members = value.if_object();
        if (!members) return "must be an object";
        const auto vendors = vendors::names_with_key();
        for (const auto& member : *members) {
            if (std::ranges::find(vendors, std::string{member.key()}) == vendors.end())
                return "names who takes no key, or is not known";
            const auto* text = member.value().if_string();
            if (!text || !is_reference(*text))
                return "holds where the key stands, env:CARREL_MODEL_KEY_NAME or file:NAME, not the key "
                       "itself";
        }
        return std::nullopt;
    };
    return rule;
}

template <const auto& (*Shape)()>
json::Object schema_of() {
    return Shape().schema();
}

constexpr std::array key_answer{
    Member{"id", "string", "key_ and twelve hexadecimal digits"},
    Member{"user", "string", "whose it is: sessions that are made with it are theirs"},
    Member{"role", "string", "admin, user or viewer"},
    Member{"name", "string", "what its giver calls it"},
    Member{"created_at", "string", "RFC 3339"},
    Member{"last_used_at", "any", "RFC 3339, to the minute, or null"},
    Member{"expires_at", "any", "RFC 3339, or null"},
    Member{"revoked_at", "any", "RFC 3339, or null"},
    Member{"limits", "object", "{most_desks, cpus, memory_mb}, of each those that are set"},
    Member{"model_keys", "array", "vendors whose models the user has a key of their own for"},
};
constexpr auto given_key_answer = [] {
    std::array<Member, key_answer.size() + 1> all{};
    *std::ranges::copy(key_answer, all.begin()).out = {"key", "string",
                                                       "the key itself; it is told this once"};
    return all;
}();
constexpr std::array keys_answer{
    Member{"keys", "array", "newest first, each as keys/create answers it, without the key"},
    Member{"total", "integer", "how many there are in all"},
};
constexpr std::array link_answer{
    Member{"id", "string", "link_ and twelve hexadecimal digits"},
    Member{"mode", "string", "view or control"},
    Member{"created_at", "string", "RFC 3339"},
    Member{"expires_at", "string", "RFC 3339"},
    Member{"url", "string", "the path of the page, with the secret; it is told this once"},
};
constexpr std::array links_answer{
    Member{"links", "array", "newest first, each as links/create answers it, without the url"},
};
constexpr std::array ticket_answer{
    Member{"ticket", "string", "to be given as ?ticket=, once"},
    Member{"expires_seconds", "integer", "how long it lasts"},
};

constexpr std::array people_table{
    Operation{
        .name = "keys/create",
        .method = "POST",
        .path = "/api/v1/keys",
        .permission = Permission::admin,
        .request = Body::json,
        .summary = "Gives a user a key of this server.",
        .request_schema = schema_of<create_key_shape>,
        .answer = given_key_answer,
        .example = R"({"user":"alice","role":"user","expires_seconds":2592000})",
    },
    Operation{
        .name = "keys/list",
        .method = "GET",
        .path = "/api/v1/keys",
        .permission = Permission::admin,
        .summary =
            "Lists the keys that were given, revoked ones too; not those of CARREL_TOKEN and --key-file.",
        .request_schema = schema_of<list_keys_shape>,
        .answer = keys_answer,
        .example = "user=alice&limit=10",
    },
    Operation{
        .name = "keys/revoke",
        .method = "DELETE",
        .path = "/api/v1/keys/{key}",
        .permission = Permission::admin,
        .response = Body::none,
        .summary = "Ends a key, its logins and its links; what is open because of them is cut at once.",
    },
    Operation{
        .name = "links/create",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/links",
        .permission = Permission::create,
        .request = Body::json,
        .summary = "Makes a link to the session's desktop for somebody without a key.",
        .request_schema = schema_of<create_link_shape>,
        .answer = link_answer,
        .example = R"({"mode":"view","expires_seconds":600})",
    },
    Operation{
        .name = "links/list",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/links",
        .permission = Permission::view,
        .summary = "The session's links that have not ended.",
        .answer = links_answer,
    },
    Operation{
        .name = "links/revoke",
        .method = "DELETE",
        .path = "/api/v1/sessions/{id}/links/{link}",
        .permission = Permission::create,
        .response = Body::none,
        .summary = "Ends a link; who looks at the desktop by it is cut off at once.",
    },
    Operation{
        .name = "tickets/create",
        .method = "POST",
        .path = "/api/v1/tickets",
        .permission = Permission::view,
        .summary = "Gives a ticket for one WebSocket or event stream, where no header can be "
                   "sent.",
        .answer = ticket_answer,
    },
};

}  // namespace

const json::Shape<CreateKey>& create_key_shape() {
    static const json::Shape<CreateKey> shape{
        field("user", &CreateKey::user, "whose it is", json::text_rule(1, 64, why_no_user)),
        field(
            "role", &CreateKey::role,
            "admin: sees and ends everything, and gives keys; user: has sessions; viewer: only looks at the "
            "user's",
            one_of({"admin", "user", "viewer"}))
            .with_default(),
        field("name", &CreateKey::name, "what lists call it", length_between(0, 200)).with_default(),
        field("expires_seconds", &CreateKey::expires_seconds, "how long it lasts; for ever without it",
              between(1, most_key_seconds)),
        field("most_desks", &CreateKey::most_desks, "that the user may have at a time", between(0, 10'000)),
        field("cpus", &CreateKey::cpus, "that one of their desks may have", between(0.05, 1000)),
        field("memory_mb", &CreateKey::memory_mb, "that one of their desks may have, MiB",
              between(128, 1 << 20)),
        field(
            "model_keys", &CreateKey::model_keys,
            "where the user's own keys of models stand, by vendor: env:CARREL_MODEL_KEY_NAME, a variable of "
            "the server's environment, or file:NAME, in the directory of the setting model_key_dir",
            model_keys_rule())};
    return shape;
}

const json::Shape<ListKeys>& list_keys_shape() {
    static const json::Shape<ListKeys> shape{
        field("user", &ListKeys::user, "only theirs", length_between(1, 64)),
        field("limit", &ListKeys::limit, "most keys", between(1, 1000)).with_default(),
        field("offset", &ListKeys::offset, "how many of the newest are left out", between(0, 1'000'000))
            .with_default()};
    return shape;
}

const json::Shape<CreateLink>& create_link_shape() {
    static const json::Shape<CreateLink> shape{
        field("mode", &CreateLink::mode, "view: only shows the desktop; control: its keyboard and mouse, too",
              one_of({"view", "control"}))
            .with_default(),
        field("expires_seconds", &CreateLink::expires_seconds, "how long it lasts",
              between(1, most_link_seconds))
            .with_default()};
    return shape;
}

std::span<const Operation> people_rows() { return people_table; }

}  // namespace carrel::ops
