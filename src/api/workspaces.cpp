#include "api/workspaces.hpp"

#include <fmt/format.h>

#include "api/service_binding.hpp"
#include "core/clock.hpp"
#include "rest/answers.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;

json::Object workspace_json(const fleet::Workspace& workspace) {
    json::Object object{{"name", workspace.name},
                        {"bytes", workspace.bytes},
                        {"files", workspace.files},
                        {"quota_bytes", nullptr},
                        {"modified_at", nullptr}};
    if (workspace.quota) object["quota_bytes"] = *workspace.quota;
    if (workspace.modified > std::chrono::system_clock::time_point{})
        object["modified_at"] =
            core::to_rfc3339(std::chrono::floor<std::chrono::milliseconds>(workspace.modified));
    return object;
}

Task<Response> list_workspaces(SessionService& service, Request&, Principal principal) {
    const auto found = co_await service.workspaces().list(principal.name);
    json::Array all;
    for (const auto& workspace : found) all.push_back(workspace_json(workspace));
    const auto total = all.size();
    co_return rest::json_answer(200, json::Object{{"workspaces", std::move(all)}, {"total", total}});
}

Task<Response> download_workspace(SessionService& service, Request& request, Principal principal) {
    const auto name = request.parameters.at("name");
    auto source = co_await service.workspaces().archive(principal.name, name);
    net::Headers headers;
    headers.add("Content-Type", "application/x-tar");
    // The name has passed: nothing in it needs escaping.
    headers.add("Content-Disposition", fmt::format("attachment; filename=\"{}.tar\"", name));
    co_return net::stream_response(200, std::move(headers), std::move(source));
}

Task<Response> delete_workspace(SessionService& service, Request& request, Principal principal) {
    co_await service.workspaces().remove(principal.name, request.parameters.at("name"));
    co_return Response{.status = 204};
}

}  // namespace

std::vector<Binding> workspace_bindings(SessionService& service) {
    return {service_binding(service, "workspaces/list", list_workspaces),
            service_binding(service, "workspaces/download", download_workspace),
            service_binding(service, "workspaces/delete", delete_workspace)};
}

}  // namespace carrel::api
