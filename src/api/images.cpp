#include "api/images.hpp"

#include <utility>

#include "rest/answers.hpp"

namespace carrel::api {

namespace {

std::string_view display_of(const ImageBuild& build) { return build.has_display ? "x11" : "none"; }

json::Object view_build(const ImageBuild& build) {
    return {{"hash", build.hash},
            {"created_at", build.created},
            {"size", build.size},
            {"display", display_of(build)},
            {"from", build.base.empty() ? json::Value(nullptr) : json::Value(build.base)},
            {"current", build.is_current}};
}

json::Object view_image(const ImageBuilds& image) {
    json::Object view{{"name", image.name}};
    json::Array builds;
    for (const auto& build : image.builds) {
        if (build.is_current) {
            view["hash"] = build.hash;
            view["size"] = build.size;
            view["display"] = display_of(build);
        }
        builds.emplace_back(view_build(build));
    }
    view["builds"] = std::move(builds);
    return view;
}

Task<net::Response> list_images(async::Pool& pool, const ListImages& list) {
    json::Array images;
    for (const auto& image : co_await async::run_on(pool, list)) images.emplace_back(view_image(image));
    co_return rest::json_answer(200, json::Object{{"images", std::move(images)}});
}

}  // namespace

std::vector<Binding> image_bindings(async::Pool& pool, ListImages list) {
    return {{"images/list", [&pool, list = std::move(list)](net::Request&, const Principal&) {
                 return list_images(pool, list);
             }}};
}

}  // namespace carrel::api
