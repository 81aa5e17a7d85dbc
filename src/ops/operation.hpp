// Operations: everything a client can ask, each declared once as a row. REST routes, permissions and
// documents are made from the rows; a handler is bound to its row by name and the binding is checked
// when the program starts, so no route exists without a permission.
#pragma once

#include <span>
#include <string_view>

#include "json/parse.hpp"

namespace carrel::ops {

/// What a caller must be allowed to do. In rising order.
enum class Permission {
    open,     ///< anybody who can reach the port: health, the page's files, login
    view,     ///< look at what is the caller's own
    control,  ///< act on a desk or a session of the caller's own
    create,   ///< make, change and end sessions
    admin,    ///< let people in, and see and end what is anybody's
};

/// "open", "view", "control", "create", "admin".
std::string_view name_of(Permission permission);

/// Media of a request's or answer's body.
enum class Body {
    none,
    json,
    multipart,     ///< multipart/form-data
    picture,       ///< JSON by default, image bytes when Accept asks
    bytes,         ///< a file
    event_stream,  ///< text/event-stream
    upgrade,       ///< the connection becomes something else (WebSocket)
};

/// "none", "json", "event_stream", …
std::string_view name_of(Body body);

/// One member of a JSON answer.
struct Member {
    std::string_view name;
    std::string_view type;  ///< of JSON: "string", "integer", "number", "boolean", "array", "object"; "any"
    std::string_view description;
    bool is_always = true;  ///< false: some answers do not have it
};

/// A row says what differs from these defaults.
struct Operation {
    std::string_view name;    ///< "mouse/click", "sessions/create": unique with its method
    std::string_view method;  ///< "GET", "POST", …; a desk row answers to exactly this
    /// Where it is asked for. Only a row says one whose path is not its name: of a desk "/" and the name, of
    /// the server "/api/v1/" and the name. In desk_operations() and server_operations() every row has it.
    std::string_view path = {};
    Permission permission = Permission::control;
    Body request = Body::none;
    Body response = Body::json;
    std::string_view summary = {};               ///< one sentence for the documents
    json::Object (*request_schema)() = nullptr;  ///< of the JSON body, or of the query (takes_query)
    /// The members of a JSON answer that tells of success. Of a desk's row `success` (boolean) is understood,
    /// and `error` (a sentence) where that is false.
    std::span<const Member> answer = {};
    /// A request that works, of a desk on a fresh one: the JSON body, or the query ("path=/etc/hostname").
    /// Documents show it and a test runs it; empty: the operation takes nothing, or a medium other than JSON.
    std::string_view example = {};
    /// It changes something and still ends when its client goes away: keys that are held down go up, and
    /// nobody copies on for ten minutes what nobody waits for.
    bool ends_with_client = false;
    /// Its answer holds addresses that lead back to the server: the desk is told how the client came.
    bool tells_addresses = false;
    /// Also asked by who has only a link to the session, as far as the link's mode permits.
    bool is_for_links = false;
    /// False for what desk/batch shall not hold although it could: a batch.
    bool can_be_batched = true;
};

/// "mouse" of "mouse/click": whose page of the documents it stands on.
std::string_view noun_of(const Operation& row);
/// Whether its fields stand in the query: where no JSON goes in.
bool takes_query(const Operation& row);
/// Whether desk/batch can carry it out: JSON, or nothing, goes in and JSON comes out.
bool is_batchable(const Operation& row);
/// Whether it may be dropped when its client goes away before it has answered: what only looks, and what
/// says that it ends with its client.
bool may_be_dropped(const Operation& row);

/// JSON Schema 2020-12 of the answer that tells of success.
json::Object answer_schema(const Operation& row);
/// The same of a desk's row: with `success` and `error`.
json::Object desk_answer_schema(const Operation& row);

/// What a desk can do, served inside it at `path`, offered at /api/v1/sessions/{id}/desk + path.
std::span<const Operation> desk_operations();
/// What the server itself can do.
std::span<const Operation> server_operations();

/// The desk row for a method and path ("/mouse/click"); null when there is none.
const Operation* find_desk_operation(std::string_view method, std::string_view path);

/// What a row may be asked for besides its name.
using Fits = bool (*)(const Operation& row);

/// The desk row of that name which `fits`; null when there is none. Some names have two rows, such as
/// GET and POST of system/clipboard: with input it is the POST row, without it the GET row, and the other
/// one where that does not fit.
const Operation* find_desk_operation_named(std::string_view name, bool has_input, Fits fits);

}  // namespace carrel::ops
