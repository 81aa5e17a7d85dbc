#include "api/web.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/encodings.hpp"
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
constexpr unsigned char app_js_gz[] = {
#embed "../../web/dist/app.js.gz"
};
constexpr unsigned char app_js_br[] = {
#embed "../../web/dist/app.js.br"
};
constexpr unsigned char desk_js[] = {
#embed "../../web/dist/desk.js"
};
constexpr unsigned char desk_js_gz[] = {
#embed "../../web/dist/desk.js.gz"
};
constexpr unsigned char desk_js_br[] = {
#embed "../../web/dist/desk.js.br"
};
constexpr unsigned char stream_js[] = {
#embed "../../web/dist/stream.js"
};
constexpr unsigned char stream_js_gz[] = {
#embed "../../web/dist/stream.js.gz"
};
constexpr unsigned char stream_js_br[] = {
#embed "../../web/dist/stream.js.br"
};
constexpr unsigned char app_css[] = {
#embed "../../web/dist/app.css"
};
constexpr unsigned char app_css_gz[] = {
#embed "../../web/dist/app.css.gz"
};
constexpr unsigned char app_css_br[] = {
#embed "../../web/dist/app.css.br"
};
constexpr unsigned char favicon_svg[] = {
#embed "../../web/dist/favicon.svg"
};

/// What fits into one packet is kept as it is only: then the other two are empty.
struct File {
    std::string_view name;
    std::string_view type;
    std::string_view content;
    std::string_view gzip;
    std::string_view brotli;
};

template <std::size_t Size>
std::string_view view(const unsigned char (&bytes)[Size]) {
    return {reinterpret_cast<const char*>(bytes), Size};
}

constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view javascript = "text/javascript; charset=utf-8";
constexpr std::string_view css = "text/css; charset=utf-8";

const std::array files{
    File{"index.html", html, view(index_html), {}, {}},
    File{"desk.html", html, view(desk_html), {}, {}},
    File{"app.js", javascript, view(app_js), view(app_js_gz), view(app_js_br)},
    File{"desk.js", javascript, view(desk_js), view(desk_js_gz), view(desk_js_br)},
    File{"stream.js", javascript, view(stream_js), view(stream_js_gz), view(stream_js_br)},
    File{"app.css", css, view(app_css), view(app_css_gz), view(app_css_br)},
    File{"favicon.svg", "image/svg+xml", view(favicon_svg), {}, {}},
};

std::string_view body_of(const File& file, Encoding encoding) {
    switch (encoding) {
        case Encoding::gzip: return file.gzip;
        case Encoding::brotli: return file.brotli;
        case Encoding::identity: break;
    }
    return file.content;
}

constexpr std::string_view policy =
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'";

/// All files change together: with the page that was built in. Each coding of a file is a representation of
/// its own, and so has a tag of its own (RFC 9110, 8.8.3.3).
std::string tag_of(std::string_view name, Encoding encoding) {
    const auto coding = name_of(encoding);
    return fmt::format("\"{}-{}{}{}\"", name, CARREL_PAGE_DIGEST, coding.empty() ? "" : "-", coding);
}

/// If-None-Match (RFC 9110, 13.1.2): weak tags count as the strong ones that proxies have made them of.
bool is_held(const net::Request& request, std::string_view tag) {
    constexpr std::string_view name = "If-None-Match";
    const auto& headers = request.headers;
    return headers.has_token(name, tag) || headers.has_token(name, fmt::format("W/{}", tag)) ||
           headers.has_token(name, "*");
}

}  // namespace

net::Response page_file(const net::Request& request, std::string_view name) {
    const auto file = std::ranges::find(files, name, &File::name);
    if (file == files.end()) throw core::Error{core::Code::not_found, "there is no such page"};
    const bool has_codings = !file->gzip.empty();
    const auto encoding = has_codings ? choose_encoding(request.headers) : Encoding::identity;
    auto tag = tag_of(file->name, encoding);
    const bool is_known = is_held(request, tag);
    net::Response response;
    response.headers = {{"Content-Type", std::string{file->type}},
                        {"Content-Security-Policy", std::string{policy}},
                        {"Cache-Control", "no-cache"},
                        {"ETag", std::move(tag)}};
    // Of a file with one form only the answer does not depend on what is accepted.
    if (has_codings) response.headers.add("Vary", "Accept-Encoding");
    if (is_known) {
        response.status = 304;
        return response;
    }
    if (encoding != Encoding::identity)
        response.headers.add("Content-Encoding", std::string{name_of(encoding)});
    response.body = std::string{body_of(*file, encoding)};
    return response;
}

}  // namespace carrel::api
