"""What ./dev bench shows: every figure, beside its target and its floor."""

# What is shown: key of the figure, what it is, target in the figure's unit, key of its floor.
TIMES = (
    ("desk to picture", "new desk: request → first picture", 90, "desk floor"),
    ("four desks", "four at once: the last one's first picture", 250, "desk floor"),
    ("cold beside others", "four clients make desks without a pause: each", None, "desk to ready"),
    ("take", "session of a full pool, its row on the disk", 0.8, "sync"),
    ("take to picture", "… its first picture after that", 6, None),
    ("whole pool", "all 12 of a full pool at once: the last one", 25, "take"),
    ("burst", "6 at once of a pool of 3: the last one", "2.5×", "desk to ready"),
    ("pause", "pause: a desk's programs stopped", 3, "server alone"),
    ("resume", "resume", 3, "server alone"),
    ("wake", "first call of a frozen desk", 3, "health"),
    ("random picture", "unchanged picture of any of so many idle desks", "2×", "one picture"),
    ("delete of many", "delete answered, of so many", 15, None),
    ("delete answered", "delete answered", 15, "delete floor"),
    ("delete dead", "… and every process of it dead", 15, "delete floor"),
    ("png", "screenshot, PNG, page changed before each", 7, "png floor"),
    ("jpeg", "screenshot, JPEG, page changed before each", 3, None),
    ("unchanged", "screenshot, PNG, screen unchanged", 0.7, "server alone"),
    ("click while shooting", "click, observe none, while 4 clients take changed PNGs", None, "click"),
    ("viewer key", "live view: key → pixels through the server's WebSocket", 8, "viewer key floor"),
    ("click", "click, observe none", 0.5, "click floor"),
    ("settled", "click → settled picture, less painting and quiet", 12, "settled alone"),
    ("late page", "click → picture of what comes 300 ms later, less these", None, "page at once"),
    ("type 50", "type 50 characters", 4, None),
    ("echo", "echo hi in the desk's shell", 0.35, "echo floor"),
    ("write", "write a file of 10 KB", 0.4, None),
    ("view", "view a file of 10 KB", 0.4, None),
    ("download", "download a file of 10 KB", 0.4, None),
    ("evaluate", "1 + 1 in the page of the desk's browser", 1, "evaluate floor"),
    ("upload 1 GB", "upload of 1 GB (500 MB/s)", 2000, "transfer floor"),
    ("download 1 GB", "download of 1 GB (500 MB/s)", 2000, "transfer floor"),
    ("click during upload", "click, observe none, during the upload", None, "click floor"),
    ("click during download", "… during the download", None, "click floor"),
    ("echo during upload", "echo hi during the upload", None, "echo floor"),
    ("echo during download", "… during the download", None, "echo floor"),
    ("beside a fork bomb", "click, echo and picture, beside another's fork bomb", "2×", "neighbour alone"),
    ("beside a memory bomb", "… beside a memory bomb", "2×", "neighbour alone"),
    ("beside a disk fill", "… beside one that fills its disk", "2×", "neighbour alone"),
    ("beside a connection flood", "… beside a flood of connections", "2×", "neighbour alone"),
    ("beside a log flood", "… beside a flood of logs", "2×", "neighbour alone"),
    ("health", "smallest call of a desk, through the server", None, "health direct"),
)
FLOORS = (
    ("desk floor", "the same X server and window manager by hand in bare namespaces, one picture's pixels"),
    ("delete floor", "the end of that one, every process dead"),
    ("png floor", "libdeflate alone on the same rows"),
    ("viewer key floor", "the same on the display's own socket in the desk"),
    ("click floor", "XTest from a bare client on the same display, and one round trip"),
    ("settled alone", "the same without a picture"),
    ("page at once", "a click that changes the same page at once, quiet included"),
    ("echo floor", "bash behind two pipes"),
    ("evaluate floor", "a bare connection to the browser's port, same page"),
    ("transfer floor", "1 GB from a thread by another to a third, through two Unix sockets"),
    ("sync", "4 KB at the end of a file, and fdatasync"),
    ("desk to ready", "a new desk, asked for alone, until it is ready"),
    ("one picture", "the same desk again and again, with all others there"),
    ("neighbour alone", "the same without the other"),
    ("health direct", "the same call on the desk's own socket"),
    ("server alone", "GET /api/v1/health/live"),
)
FIGURES = (
    ("proxy", "the server's share of a call (median − median)", "ms", 0.15),
    ("desk memory", "idle desk, PSS, four alive", "MB", 24),
    ("desk memory after", "… after a screenshot", "MB", 28),
    ("server memory", "server with four desks, PSS", "MB", 25),
    ("server resident", "… RSS", "MB", 25),
    ("server wakeups", "idle server and jail: wake-ups a second", "/s", 1),
    ("desk wakeups", "idle desk, all processes: wake-ups a second", "/s", None),
    ("desk processor", "idle desk: share of one core", "%", None),
    ("cold rate", "desks a second, of four clients that ask without a pause", "/s", None),
    ("many", "so many desks at once, each idle", "", None),
    ("others busy", "… cores busy without them (other work of this machine)", "%", None),
    ("young busy", "… cores busy, seconds after they were made", "%", None),
    ("young wakeups", "… wake-ups a minute of one, then", "/min", None),
    ("many busy", "… cores busy, half a minute later", "%", 3),
    ("many wakeups", "… wake-ups a minute of one, then", "/min", None),
    ("many processor", "… processor seconds a minute of a hundred, then", "s", None),
    ("many memory", "… PSS of one", "MB", 17),
    ("many server memory", "… PSS of server and jail", "MB", 60),
    ("frozen busy", "… cores busy when all are frozen", "%", 0.5),
    ("frozen wakeups", "… wake-ups a minute of one, then", "/min", None),
    ("frozen memory", "… PSS of one, then", "MB", 17),
    ("transfer memory", "a desk's tool server has grown by its transfers", "MB", 8),
    ("load server", "8 clients: GET health/live", "/s", None),
    ("load proxy", "8 clients: smallest call of a desk", "/s", None),
    ("load echo", "8 clients: echo hi in one desk", "/s", None),
    ("load unchanged", "8 clients: unchanged PNG", "/s", None),
    ("load changed", "8 clients: PNG of a screen that changes, each looked at", "/s", None),
    ("changed moments", "… of so many different moments", "/s", None),
    ("pty", "terminal over WebSocket, every byte compared", "MB/s", None),
    ("pty floor", "… the same program on a bare terminal", "MB/s", None),
    ("png bytes", "the measured PNG", "bytes", None),
    ("jpeg bytes", "the measured JPEG", "bytes", None),
)
# Of these figures, more is better: key, least.
AT_LEAST = {"cold rate": 20, "load changed": 150, "load echo": 5000, "pty": 100}


def in_figures(target, base):
    """A target that is so many times its floor, as a number; nothing without the floor."""
    if not isinstance(target, str):
        return target
    return round(float(target.removesuffix("×")) * base["median"], 1) if base else None


def verdict(value, target):
    return "" if target is None else "ok" if value <= target else "MISSED"


def milliseconds(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def table(rows):
    lines = [f"{'milliseconds':48} {'median':>8} {'p99':>8} {'n':>5} {'target':>7} {'floor':>7} {'×':>5}"]
    for key, what, target, floor in TIMES:
        if key not in rows:
            continue
        row, base = rows[key], rows.get(floor)
        target = in_figures(target, base)
        lines.append(f"{what:48} {milliseconds(row['median']):>8} {milliseconds(row['p99']):>8} {row['n']:>5} {target if target is not None else '':>7} "
                     f"{milliseconds(base['median']) if base else '':>7} {format(row['median'] / base['median'], '.1f') if base else '':>5} {verdict(row['median'], target)}".rstrip())
    steps = [(key.removeprefix("desk step "), rows[key]["median"]) for key in rows if key.startswith("desk step ")]
    if steps:
        lines.append("  of a new desk: " + ", ".join(f"{name} {milliseconds(value)}" for name, value in steps))
    lines += [f"  floor of {key}: {what}" for key, what in FLOORS if key in rows]
    lines.append("")
    for key, what, unit, target in FIGURES:
        if key in rows:
            value = rows[key]["value"]
            shown = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
            least = AT_LEAST.get(key)
            aim = f"least {least}" if least is not None else f"target {target}" if target is not None else ""
            judged = verdict(least, value) if least is not None else verdict(value, target)
            lines.append(f"{what:48} {shown:>8} {unit:5} {aim:>12} {judged}".rstrip())
    if rows.get("delete processes"):
        lines.append(f"of {rows['delete processes']['value']:.0f} processes of deleted desks, {rows['delete alive at answer']['value']:.0f} lived when the delete was answered")
    return "\n".join(lines)
