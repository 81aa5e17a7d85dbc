#include "api/state/figures.hpp"

#include <sys/resource.h>

#include <array>
#include <map>

#include "api/state/about.hpp"

namespace carrel::api {

namespace {

using metrics::Sheet;
using store::DeskState;

constexpr std::array states{DeskState::starting, DeskState::ready, DeskState::frozen, DeskState::asleep,
                            DeskState::paused,   DeskState::warm,  DeskState::failed};

double as_double(auto number) { return static_cast<double>(number); }

/// Each state is there from the first scrape on, so that its absence is no gap.
void add_desks(Sheet& sheet, const fleet::Fleet& fleet) {
    std::map<std::string_view, std::size_t> counts;
    for (const auto state : states) counts[store::name_of(state)] = 0;
    counts["ending"] = 0;
    for (const auto& member : fleet.members())
        ++counts[member->is_ending ? "ending" : store::name_of(member->row.state)];
    for (const auto& [state, count] : counts)
        sheet.gauge("carrel_desks", "Desks that are there, by their state.", as_double(count),
                    {{"state", std::string{state}}});
    sheet.gauge("carrel_desks_most", "Desks that there may be at once.", fleet.most_desks());
}

void add_pools(Sheet& sheet, const fleet::Fleet& fleet) {
    for (const auto& pool : fleet.pools()) {
        const metrics::Labels labels{{"image", pool.image}};
        sheet.gauge("carrel_pool_ready", "Desks of a pool that can be taken.", as_double(pool.ready), labels);
        sheet.gauge("carrel_pool_making", "Desks that are being made for a pool.", as_double(pool.making),
                    labels);
        sheet.gauge("carrel_pool_wanted", "Desks that a pool shall hold, by what was asked for lately.",
                    pool.wanted, labels);
    }
    sheet.gauge("carrel_queue", "Sessions that wait for a desk.", as_double(fleet.places().waiting().size()));
}

void add_people(Sheet& sheet, const Sources& sources) {
    sheet.gauge("carrel_sessions_busy", "Sessions whose agent is at work.",
                as_double(sources.service.busy_count()));
    const auto viewers = sources.service.viewers().all();
    const std::string about = "Who looks at desks live, by whether they may control them.";
    sheet.gauge("carrel_viewers", about, as_double(viewers.watching), {{"mode", "view"}});
    sheet.gauge("carrel_viewers", about, as_double(viewers.in_control), {{"mode", "control"}});
    sheet.gauge("carrel_followers", "Streams of sessions' events that are read.",
                as_double(sources.store.followers()));
    sheet.gauge("carrel_connections", "Connections of clients.", as_double(sources.connections()));
}

void add_store(Sheet& sheet, const store::Store& store) {
    sheet.counter("carrel_events_stored_total", "Events of sessions that this server has stored.",
                  as_double(store.events_stored()));
    sheet.gauge("carrel_store_waiting", "Works that wait for their commit.", as_double(store.waiting()));
    const auto room = store.room();
    sheet.gauge("carrel_disk_free_bytes", "Room on the disk of the database.", as_double(room.free));
    sheet.gauge("carrel_disk_bytes", "Size of that disk.", as_double(room.all));
}

void add_server(Sheet& sheet) {
    sheet.gauge("carrel_build_info", "Always 1; the label tells the version.", 1,
                {{"version", std::string{version}}});
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return as_double(time.tv_sec) + as_double(time.tv_usec) / 1e6;
    };
    sheet.counter("process_cpu_seconds_total", "Processor time of the server itself.",
                  seconds(used.ru_utime) + seconds(used.ru_stime));
}

Task<net::Response> write_figures(Sources sources, fleet::Loads& loads) {
    Sheet sheet;
    add_desks(sheet, sources.fleet);
    add_pools(sheet, sources.fleet);
    add_people(sheet, sources);
    add_store(sheet, sources.store);
    add_server(sheet);
    add_loads(sheet, *co_await loads.read());
    co_return net::Response{.headers = {{"Content-Type", std::string{metrics::text_type}}},
                            .body = sources.metrics.write(std::move(sheet))};
}

}  // namespace

void add_loads(Sheet& sheet, const fleet::DeskLoads& loads) {
    for (const auto& [desk, session, usage] : loads) {
        const metrics::Labels labels{{"desk", desk}};
        if (usage.processor_time)
            sheet.counter("carrel_desk_processor_seconds_total", "Processor time of a desk since its start.",
                          std::chrono::duration<double>{*usage.processor_time}.count(), labels);
        if (usage.memory)
            sheet.gauge("carrel_desk_memory_bytes", "Memory of a desk.", as_double(*usage.memory), labels);
        if (usage.disk)
            sheet.gauge("carrel_desk_disk_bytes", "What a desk has written.", as_double(*usage.disk), labels);
        if (usage.received)
            sheet.counter("carrel_desk_received_bytes_total", "What a desk received by its network.",
                          as_double(*usage.received), labels);
        if (usage.sent)
            sheet.counter("carrel_desk_sent_bytes_total", "What a desk sent by its network.",
                          as_double(*usage.sent), labels);
        if (usage.processes)
            sheet.gauge("carrel_desk_processes", "Processes and threads of a desk.",
                        as_double(*usage.processes), labels);
    }
}

Binding figures_binding(Sources sources, fleet::Loads& loads) {
    return {"metrics", [sources = std::move(sources), &loads](net::Request&, const Principal&) {
                return write_figures(sources, loads);
            }};
}

}  // namespace carrel::api
