// Rows that tests of the store put in.
#pragma once

#include <string>
#include <utility>

#include "store/store.hpp"

namespace carrel::store {

inline SessionRow session_row(std::string id, std::string principal = "local") {
    SessionRow row;
    row.id = std::move(id);
    row.principal = std::move(principal);
    row.provider = "scripted";
    row.model = "tour";
    return row;
}

inline Task<> add_session(Store& store, std::string id) {
    co_await store.run([id](Transaction& t) { t.insert_session(session_row(id)); });
}

}  // namespace carrel::store
