#include "api/web.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace carrel::api {

namespace {

// What web/build.mjs bundles. A file that grows past what #embed can take fails the build, not the page.
constexpr unsigned char index_html[] = {
#embed "../../web/dist/index.html"
};
constexpr unsigned char desk_html[] = {
#embed "../../web/dist/desk.html"
};
constexpr unsigned char app_js[] = {
#embed "../../web/dist/app.js"
};
constexpr unsigned char desk_js[] = {
#embed "../../web/dist/desk.js"
};
constexpr unsigned char app_css[] = {
#embed "../../web/dist/app.css"
};
constexpr unsigned char favicon_svg[] = {
#embed "../../web/dist/favicon.svg"
};

struct File {
    std::string_view name;
    std::string_view type;
    std::string_view content;
};

template <std::size_t Size>
std::string_view view(const unsigned char (&bytes)[Size]) {
    return {reinterpret_cast<const char*>(bytes), Size};
}

const std::array files{
    File{"index.html", "text/html; charset=utf-8", view(index_html)},
    File{"desk.html", "text/html; charset=utf-8", view(desk_html)},
    File{"app.js", "text/javascript; charset=utf-8", view(app_js)},
    File{"desk.js", "text/javascript; charset=utf-8", view(desk_js)},
    File{"app.css", "text/css; charset=utf-8", view(app_css)},
    File{"favicon.svg", "image/svg+xml", view(favicon_svg)},
};

constexpr std::string_view policy =
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'";

/// All files change together: with the page that was built in.
std::string tag_of(std::string_view name) { return fmt::format("\"{}-{}\"", name, CARREL_PAGE_DIGEST); }

}  // namespace

net::Response page_file(const net::Request& request, std::string_view name) {
    const auto file = std::ranges::find(files, name, &File::name);
    if (file == files.end()) throw core::Error{core::Code::not_found, "there is no such page"};
    net::Response response;
    response.headers = {{"Content-Type", std::string{file->type}},
                        {"Content-Security-Policy", std::string{policy}},
                        {"Cache-Control", "no-cache"},
                        {"ETag", tag_of(file->name)}};
    if (request.headers.find("If-None-Match") == response.headers.find("ETag"))
        response.status = 304;
    else
        response.body = std::string{file->content};
    return response;
}

}  // namespace carrel::api
