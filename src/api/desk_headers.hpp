// Which header lines pass between a client and a desk. Pure.
//
// Both directions are rebuilt from allow-lists: inward nothing that names or proves who the client is,
// outward nothing that a desk could use against the client's browser.
#pragma once

#include <string_view>

#include "net/http.hpp"
#include "ops/operation.hpp"

namespace carrel::api {

/// What a desk may learn of a request: how to read its body and what answer is wanted.
net::Headers inward_headers(const net::Headers& from);

/// What a client may get of a desk's answer, and what makes it harmless: nosniff, a sandboxing policy,
/// and `attachment` for files. Which lines pass depends on what the row answers with. The Content-Type comes
/// from a table; anything else is octet-stream.
net::Headers outward_headers(const net::Headers& from, ops::Body body);

/// Whether the row may be answered with that status: with success as its kind of answer has it, or as an
/// error of a desk's own. What a desk says otherwise is a bad answer: a redirection, or that a client is to
/// show who it is, is not a desk's to say.
bool is_desk_status(int status, const ops::Operation& row);

}  // namespace carrel::api
