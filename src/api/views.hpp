// What the session service knows, as the JSON of the contract.
#pragma once

#include "json/parse.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// {id,user,title,status,model,provider,created_at,updated_at,vnc_url,busy,viewers:{…},desk:{…}}
json::Object to_json(const session::Session& session);
/// {id,busy,created_at,age_seconds,model:{…},desk:{…}}
json::Object to_json(const session::SessionUsage& usage);
/// {id,role,content,tool_use_id,timestamp}
json::Object to_json(const session::Message& message);
/// {time,desk,program,text}
json::Object to_json(const session::SaidLine& said);
/// {seq,event,data}; `data` stands as it was stored.
std::string to_json_text(const store::Event& event);

}  // namespace carrel::api
