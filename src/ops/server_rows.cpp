// The rows of the server itself, and what it answers.
#include <algorithm>
#include <array>

#include "ops/fields.hpp"
#include "ops/operation.hpp"
#include "ops/operations.hpp"
#include "ops/people.hpp"
#include "ops/server.hpp"

namespace carrel::ops {

namespace {

constexpr std::array health_answer{
    Member{"status", "string", "healthy; degraded; unhealthy, with status 503, where nothing can be made"},
    Member{"reasons", "array",
           "why it is not healthy: of disk_full, store_failed, no_desks, desks_fail (degraded, and from the "
           "third in a row on unhealthy), and where it is only degraded "
           "store_slow, disk_low, no_free_desk, no_model_key, host_lacking"},
    Member{"version", "string", "of the server"},
    Member{"timestamp", "string", "RFC 3339"},
    Member{"checks", "object",
           "{database: {status (ok, full, failed), type}, api_key: {status (set, missing), provider}, "
           "desks: {status (ok, full, failing, failed)}, disk: {status (ok, low)}, host: {status (ok, "
           "lacking), lacks "
           "(how much), warnings (of what, in sentences, for who may make sessions)}}"},
};
constexpr std::array status_answer{
    Member{"status", "string", "in a word, such as ready, alive or logged_in"},
};
constexpr std::array config_answer{
    Member{"app_name", "string", "Carrel"},
    Member{"version", "string", "of the server"},
    Member{"api_provider", "string", "who serves the model of a session that names nobody"},
    Member{"default_model", "string", "of that provider"},
    Member{"default_network", "string", "what a new desk can reach: internet or none"},
    Member{"vnc_url", "string", "the page that shows one desktop, with {id} for the session's id"},
    Member{"available_providers", "array", "names of who serves models"},
    Member{"providers", "array",
           "who serves models: {name, title, needs_key, has_key (of who asks), key_variable, key_hint, "
           "default_model, models}"},
    Member{"needs_login", "boolean", "whether the server has keys, so that browsers log in"},
    Member{"user", "string", "who asks: local where nobody needs a key"},
    Member{"role", "string", "what they may do: viewer, user or admin"},
};
constexpr std::array images_answer{
    Member{
        "images", "array",
        "by name, each {name, hash, size, display, builds}: of the build that new desks get its hash, its "
        "bytes on disk and its display (x11 or none), and every build, newest first, as {hash, created_at, "
        "size, display, from (the image that it stands on, or null), current}"},
};
constexpr std::array queue_answer{
    Member{"waiting", "array",
           "your own sessions that wait for a desk: {session_id, position (from 1 on), waiting_seconds}, in "
           "the order of the line"},
    Member{"length", "integer", "how many wait in all"},
};
constexpr std::array pools_answer{
    Member{"pools", "array", "{image, size, most, wanted, ready, making}"},
};
constexpr std::array cleanup_answer{
    Member{"cleaned", "integer", "sessions that were ended"},
    Member{"active", "integer", "sessions with a desk that are left"},
};
constexpr std::array workspaces_answer{
    Member{"workspaces", "array",
           "by name: {name, bytes (on disk), files, quota_bytes (that fit; null: as many as the host has), "
           "modified_at (RFC 3339, of the newest change; null of one without files)}"},
    Member{"total", "integer", "how many there are"},
};

constexpr std::array server_table{
    Operation{
        .name = "health",
        .method = "GET",
        .permission = Permission::open,
        .summary = "Says whether the server is healthy, with each check.",
        .answer = health_answer,
    },
    Operation{
        .name = "health/ready",
        .method = "GET",
        .permission = Permission::open,
        .summary = "200 when the server takes requests, else 503.",
        .answer = status_answer,
    },
    Operation{
        .name = "health/live",
        .method = "GET",
        .permission = Permission::open,
        .summary = "200 as long as the process lives.",
        .answer = status_answer,
    },
    Operation{
        .name = "metrics",
        .method = "GET",
        .path = "/metrics",
        .permission = Permission::admin,
        .response = Body::bytes,
        .summary = "Figures of the whole server in Prometheus' text format.",
    },
    Operation{
        .name = "config",
        .method = "GET",
        .permission = Permission::view,
        .summary = "What a client needs to know of the server; nothing secret.",
        .answer = config_answer,
    },
    Operation{
        .name = "images/list",
        .method = "GET",
        .path = "/api/v1/images",
        .permission = Permission::view,
        .summary = "What desks can start from.",
        .answer = images_answer,
    },
    Operation{
        .name = "login",
        .method = "POST",
        .permission = Permission::open,
        .request = Body::json,
        .summary = "Exchanges a key for an HttpOnly cookie, for browsers.",
        .request_schema = schema<log_in_shape>,
        .answer = status_answer,
    },
    Operation{
        .name = "logout",
        .method = "POST",
        .permission = Permission::open,
        .response = Body::none,
        .summary = "Ends the cookie's login.",
    },
    Operation{
        .name = "credentials/set",
        .method = "POST",
        .path = "/api/v1/credentials",
        .permission = Permission::create,
        .request = Body::json,
        .response = Body::none,
        .summary = "Gives a model key, which is kept in memory only.",
        .request_schema = schema<set_credential_shape>,
        .example = R"({"provider":"anthropic","key":"sk-ant-example"})",
    },
    Operation{
        .name = "credentials/forget",
        .method = "DELETE",
        .path = "/api/v1/credentials",
        .permission = Permission::create,
        .request = Body::json,
        .response = Body::none,
        .summary = "Forgets a model key.",
        .request_schema = schema<forget_credential_shape>,
        .example = R"({"provider":"anthropic"})",
    },
    Operation{
        .name = "queue/list",
        .method = "GET",
        .path = "/api/v1/queue",
        .permission = Permission::view,
        .summary = "Who waits for a desk.",
        .answer = queue_answer,
    },
    Operation{
        .name = "pools/list",
        .method = "GET",
        .path = "/api/v1/pools",
        .permission = Permission::view,
        .summary = "The warm desks of each image that has a pool.",
        .answer = pools_answer,
    },
    Operation{
        .name = "admin/cleanup",
        .method = "POST",
        .path = "/api/v1/admin/cleanup",
        .permission = Permission::admin,
        .summary = "Ends every session whose desk has been idle for so long.",
        .request_schema = schema<clean_up_shape>,
        .answer = cleanup_answer,
        .example = "max_idle=86400",
    },
    Operation{
        .name = "workspaces/list",
        .method = "GET",
        .path = "/api/v1/workspaces",
        .permission = Permission::view,
        .summary = "Lists the caller's workspaces: files that outlive desks.",
        .answer = workspaces_answer,
    },
    Operation{
        .name = "workspaces/download",
        .method = "GET",
        .path = "/api/v1/workspaces/{name}/archive",
        .permission = Permission::view,
        .response = Body::bytes,
        .summary = "The files of a workspace as a tar, below workspace/, and its home below home/; what "
                   "cannot be in "
                   "it is named in LEFT-OUT.txt.",
    },
    Operation{
        .name = "workspaces/delete",
        .method = "DELETE",
        .path = "/api/v1/workspaces/{name}",
        .permission = Permission::create,
        .response = Body::none,
        .summary = "Deletes a workspace that no living desk has.",
    },
    Operation{
        .name = "page/index",
        .method = "GET",
        .path = "/",
        .permission = Permission::open,
        .response = Body::bytes,
        .summary = "The page.",
    },
    Operation{
        .name = "page/desk",
        .method = "GET",
        .path = "/desk/{id}",
        .permission = Permission::open,
        .response = Body::bytes,
        .summary = "A page that shows one desktop only.",
    },
    Operation{
        .name = "page/asset",
        .method = "GET",
        .path = "/{name}",
        .permission = Permission::open,
        .response = Body::bytes,
        .summary = "The page's files.",
    },
};

}  // namespace

std::span<const Operation> server_operations() {
    static const Operations all{{server_table, session_rows(), people_rows()}, "/api/v1/"};
    return all.rows();
}

}  // namespace carrel::ops
