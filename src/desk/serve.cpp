#include "desk/serve.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdlib>

#include "async/scope.hpp"
#include "core/fd.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "desk/background/background.hpp"
#include "desk/batch.hpp"
#include "desk/beginning.hpp"
#include "desk/browser/browser.hpp"
#include "desk/browser/control.hpp"
#include "desk/browser/download_watch.hpp"
#include "desk/browser/page_loading.hpp"
#include "desk/cdp/endpoint.hpp"
#include "desk/desktop/clipboard_handlers.hpp"
#include "desk/desktop/desktop.hpp"
#include "desk/desktop/input_handlers.hpp"
#include "desk/desktop/screen_handlers.hpp"
#include "desk/desktop/windows_handlers.hpp"
#include "desk/files/files.hpp"
#include "desk/init/link.hpp"
#include "desk/notices/notices.hpp"
#include "desk/notices/notification_service.hpp"
#include "desk/page/handlers.hpp"
#include "desk/processes/processes.hpp"
#include "desk/pty/ptys.hpp"
#include "desk/system_handlers.hpp"
#include "desk/terminal/terminal.hpp"
#include "desk/toolset/toolset.hpp"
#include "desk/transfer/handlers.hpp"
#include "desk/viewer.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "ops/internal.hpp"
#include "ops/operations.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk {

namespace {

using namespace std::chrono_literals;

constexpr auto ready_patience = 20s;

std::string environment(const char* name, std::string otherwise = {}) {
    const char* value = std::getenv(name);
    return value ? value : std::move(otherwise);
}

/// Everything that `serve` consists of, in the order in which it depends on each other.
struct Service {
    explicit Service(async::Executor executor)
        : notices{executor},
          notifications{
              executor, init::runtime_folder() + "/bus",
              [this](notices::Notification told) { notices.publish({"notification", {}, std::move(told)}); }},
          link{executor, notices, [this] { notifications.bus_started(); }},
          display{executor, pool, [this] { link.tell(init::Word::window_manager_ready); },
                  [this](picture::Size size) { notices.tell_screen({size.width, size.height}); },
                  [this] { return page_loading.watch(); }},
          terminal{executor, pool, {.home = environment("HOME", "/"), .folder = init::runtime_folder()}},
          ptys{executor, pool, environment("HOME", "/")},
          background{executor, pool, environment("HOME", "/")},
          files{executor, pool, environment("HOME", "/")},
          cdp{executor, pool, cdp::connect_browser},
          listening{executor, pool, cdp::connect_browser, browser::listening_limits()},
          tabs{executor, cdp, cdp::find_target_order},
          browser{executor, pool, environment("HOME", "/"), init::browser_fd, tabs},
          browser_control{executor, browser, display, cdp, tabs},
          page_loading{executor, tabs},
          pages{cdp, tabs},
          toolset{executor, pages, pool, [this] { return browser_control.ensure_open(); },
                  environment("HOME", "/")},
          beginning{executor, {pool, link, display, files, background, browser}},
          server{executor, router},
          scope{executor} {}

    Task<net::Response> hello();
    Task<net::Response> ready();
    void add_routes();
    void start_display();
    void start();

    async::Pool pool{2};  ///< one encodes pictures while the other reads a file
    notices::Notices notices;
    notices::NotificationService notifications;
    notices::Link link;
    desktop::Display display;
    terminal::Terminal terminal;
    pty::Ptys ptys;
    background::Background background;
    files::Files files;
    cdp::Cdp cdp;
    cdp::Cdp listening;  ///< for downloads that nobody who drives the browser has begun
    cdp::Tabs tabs;
    browser::Browser browser;
    browser::BrowserControl browser_control;
    browser::PageLoading page_loading;
    page::Pages pages;
    toolset::Toolset toolset;
    Beginning beginning;
    rest::Bindings bindings;
    net::Router router{[](const core::Error& error, const net::Request& request) {
        if (error.code() == core::Code::internal)
            core::log_error("{} {} ({}): {}", request.method, request.path,
                            request.headers.find("X-Request-Id").value_or("asked by nobody we know"),
                            error.message());
        return rest::problem_answer(error, request);
    }};
    net::Server server;
    async::Scope scope;
};

Task<net::Response> Service::hello() {
    co_return rest::json_answer({{"desk", environment("CARREL_DESK_ID")},
                                 {"nonce", environment("CARREL_NONCE")},
                                 {"version", tool_server_version},
                                 {"display", !display.is_absent()}});
}

Task<net::Response> Service::ready() {
    if (!co_await display.wait_until_ready(ready_patience))
        throw core::Error{core::Code::unavailable,
                          display.is_connected() ? "the window manager is not up" : "the display is not up",
                          display.is_connected() ? "window_manager_not_ready" : "display_not_ready"};
    co_return rest::json_answer({{"ready", true}});
}

void Service::add_routes() {
    router.add({"GET", std::string{ops::internal::hello}, [this](net::Request&) { return hello(); }});
    router.add({"GET", std::string{ops::internal::ready}, [this](net::Request&) { return ready(); }});
    router.add({"POST", std::string{ops::internal::begin},
                [this](net::Request& request) { return beginning.begin(request); }});
    router.add({"GET", std::string{ops::internal::notices},
                [this](net::Request&) -> Task<net::Response> { co_return notices.follow(); }});
    router.add({"GET", std::string{ops::internal::vnc},
                [this](net::Request& request) { return open_viewer(display, request); }});
    bindings.add(desktop::bind_screen(display));
    bindings.add(desktop::bind_mouse(display));
    bindings.add(desktop::bind_keyboard(display));
    bindings.add(terminal::bind_terminal(terminal));
    bindings.add(pty::bind_ptys(ptys));
    bindings.add(background::bind_background(background));
    bindings.add(files::bind_files(files));
    bindings.add(files::bind_folders(files));
    bindings.add(transfer::bind_transfers(files));
    bindings.add(browser::bind_browser(browser, display));
    bindings.add(browser::bind_cdp(browser_control));
    bindings.add(browser::bind_tabs(browser_control));
    bindings.add(browser::bind_storage(browser_control));
    bindings.add(browser::bind_devtools(browser_control));
    bindings.add(page::bind_page(pages, display, pool, environment("HOME", "/")));
    bindings.add(page::bind_page_logs(pages));
    bindings.add(toolset::bind_toolset(toolset));
    bindings.add(desktop::bind_windows(display));
    bindings.add(processes::bind_processes(pool, [this] { return link.end_programs(); }));
    bindings.add(desktop::bind_clipboard(display, pool));
    bindings.add(bind_system(display, pool));
    bindings.add(bind_batch(bindings));
    bindings.refuse_by([this](const ops::Operation& row) {
        if (display.is_absent() && ops::needs_display(row)) throw desktop::no_display();
    });
    bindings.route(router);
}

void Service::start_display() {
    if (!init::has_display()) return display.do_without();
    scope.start("display", display.run());
    scope.start("downloads", browser::watch_downloads(display, listening));
}

void Service::start() {
    add_routes();
    pages.downloads().listen_by(listening);
    server.listen_fd(core::Fd{init::endpoint_fd});
    scope.start("server", server.run());
    scope.start("link", link.run());
    start_display();
    scope.start("notifications", notifications.run());
}

/// Small and of one piece: memory that is freed goes back, and threads share one heap.
void tune_memory() {
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

}  // namespace

int run_serve() {
    // Its lines go to init, which knows when and from whom they came.
    core::open_log({}, core::Level::info);
    tune_memory();
    try {
        // A program that closes its input is no reason to end.
        ::signal(SIGPIPE, SIG_IGN);
        // Programs of the desk run as the same user: they shall not look in here.
        core::checked("prctl PR_SET_DUMPABLE", ::prctl(PR_SET_DUMPABLE, 0));
        for (const int fd : {init::endpoint_fd, init::link_fd, init::browser_fd})
            core::checked("fcntl", ::fcntl(fd, F_SETFD, FD_CLOEXEC));
        if (std::getenv(init::next_server_variable))
            if (const auto count = background::end_forgotten_processes(); count > 0)
                core::log_warning("{} processes of the tool server before were ended", count);
        boost::asio::io_context loop{1};
        Service service{loop.get_executor()};
        service.start();
        loop.run();
    } catch (const std::exception& failure) {
        core::log_error("{}", failure.what());
    }
    // Not by return: a thread of the pool may wait for a display that never answers.
    ::_exit(1);
}

}  // namespace carrel::desk
