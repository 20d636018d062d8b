# SPDX-License-Identifier: Apache-2.0
"""The measures of the web interface, in a real browser beside the server: how soon a project of 100,000 runs is there, how
it scrolls and sorts, charts of a million points, and what a page that stays open costs."""

import contextlib
import json
import threading
import time
import urllib.request

import browser
from harness import Failed, Figure

ROWS = "document.querySelector('main [role=grid] [aria-rowindex=\"2\"] [role=gridcell]')?.textContent"
PEER_ROWS = "document.querySelector('a[href*=\"/runs/\"]')"


def project_address(server, project):
    return f"{server.url}/#/projects/{project}"


def in_browser(b, measure):
    with browser.browser() as started:
        if started:
            measure(started)
        else:
            b.say("  no browser here: not measured")


@contextlib.contextmanager
def project_tab(s, project, started):
    """The page of a project, once its first rows are on the screen."""
    with browser.tab(started) as page:
        page.add_init_script(f"bench.watch('first', () => {ROWS});")
        page.goto(project_address(s, project))
        browser.seen_ms(page, "first")
        yield page


def paint(b, s, project, p, peer_experiment, started):
    times = max(3, min(10, b.scale.searches // 10))
    mine = browser.first_paint(started, project_address(s, project), ROWS, times)
    other, note = None, ""
    if p:
        try:
            other = browser.first_paint(started, f"{p.url}/#/experiments/{peer_experiment}/runs", PEER_ROWS, 2)
        except Exception as e:  # it did not show them in two minutes: told, not hidden
            note = f"; the peer showed no run: {str(e)[:120]}"
    b.add(Figure(b.current, f"page of {b.scale.fill_runs:,} runs x {sum(b.scale.columns)} columns: the first useful paint, median",
                 "ms", browser.median(mine), other and browser.median(other), 500, "less", "< 500 ms",
                 f"an empty cache each time; the slowest {max(mine):.0f} ms{note}", {"stemma": mine, "mlflow": other}))


SCROLLS = 5  # what the machine does besides shows in some of them


def scroll(b, s, project, started):
    gaps = []
    for _ in range(SCROLLS):
        with project_tab(s, project, started) as page:
            gaps.append(browser.scroll_gaps(page, min(b.scale.seconds, 15)))
    p99 = sorted(p for p, _ in gaps)
    b.add(Figure(b.current, "scrolling through it, gaps between frames: p99", "ms", browser.median(p99), None, 32, "less", "< 32 ms",
                 f"median of {SCROLLS} times {min(b.scale.seconds, 15)} s: {', '.join(f'{p:.0f}' for p in p99)} ms"))
    b.add(Figure(b.current, "scrolling through it, gaps between frames: the greatest", "ms", max(worst for _, worst in gaps), None,
                 150, "less", "none over 150 ms", "of all of them"))


BODY = "document.querySelector('main [role=grid]')?.textContent"  # innerText would lay the page out at each look
WATCH_ROWS = """() => {
    const before = %s;
    bench.watch('changed', () => { const now = %s; return now && now !== before; });
    addEventListener('pointerdown', () => { bench.began = performance.now(); }, {once: true, capture: true});
    addEventListener('keydown', (e) => { if (e.key === 'Enter') bench.began = performance.now(); }, {capture: true});
}""" % (BODY, BODY)


def changed_ms(page, act):
    """From the press of the mouse or of Enter to other rows on the screen."""
    page.evaluate(WATCH_ROWS)
    act()
    took = browser.seen_ms(page, "changed") - page.evaluate("bench.began")
    page.wait_for_timeout(400)
    return took


def sort_and_filter(b, s, project, started):
    times = max(4, min(20, b.scale.searches // 10))
    with project_tab(s, project, started) as page:
        head = page.locator("main [role=columnheader]").nth(1)
        head.click()
        page.wait_for_timeout(1000)
        sorts = sorted(changed_ms(page, head.click) for _ in range(times))
        field = page.get_by_role("combobox").first
        filters = []
        for i in range(times):
            field.fill(f"metrics.m000 > {0.1 + 0.8 * i / times}")
            field.press("Escape")  # the offer of names
            filters.append(changed_ms(page, lambda: field.press("Enter")))
        filters.sort()
    for what, took in (("sort", sorts), ("filter", filters)):
        b.add(Figure(b.current, f"a new {what} of them, from the press to the rows: p95", "ms", took[int(len(took) * 0.95) - 1], None,
                     100, "less", "< 100 ms", f"median {browser.median(took):.0f} ms", {"stemma": took}))


def page_runs(b, fill, fill_peer, started):
    with b.stemma() as s, b.peer() as p:
        project = fill(b, s)["experiment"]
        other = fill_peer(b, p)["experiment"] if p else None
        paint(b, s, project, p, other, started)
        scroll(b, s, project, started)
        sort_and_filter(b, s, project, started)


# ---- charts ----------------------------------------------------------------------------------------------------------

CHARTS, RUNS = 20, 10


def post(s, path, body):
    request = urllib.request.Request(s.url + "/api/v1/" + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))


def page_charts(b, until_packed, started):
    each = b.scale.chart_points
    with b.stemma() as s:
        made = b.load("ingest", s, count=CHARTS * RUNS * each, conns=1, runs=RUNS, keys=CHARTS,
                      batch=1000 * CHARTS * RUNS, **{"skip-readback": True})
        until_packed(s)
        found = post(s, "runs/search", {"limit": RUNS, "columns": ["name"]})["items"]
        if len(found) != RUNS:
            raise Failed(f"{len(found)} runs instead of {RUNS}")
        took, redrawn, finest = [], [], []
        address = f"{s.url}/#/compare?tab=charts&runs={','.join(r['id'] for r in found)}"
        for _ in range(5):
            with browser.tab(started, height=3200) as page:
                page.goto(address)
                took.append(browser.all_drawn_ms(page, CHARTS))
                first, last = zoom(page)
                redrawn.append(first)
                finest.append(last)
        b.add(Figure(b.current, f"page of {CHARTS} charts x {RUNS} runs x {each:,} points: all drawn, median", "ms",
                     browser.median(took), None, 1000, "less", "< 1 s", f"from the navigation, an empty cache; {made['points']:,} points",
                     {"stemma": took}))
        what = "a zoom in one of them, from the release of the mouse to"
        b.add(Figure(b.current, f"{what} the zoom drawn in all of them, median", "ms", browser.median(redrawn), None, 100, "less",
                     "< 100 ms", "all charts follow; of what the page holds, until the last chart is drawn once", {"stemma": redrawn}))
        b.add(Figure(b.current, f"{what} the last line of the finer level, median", "ms", browser.median(finest), None, None, "less",
                     "", "all charts, read from the server behind the first drawing", {"stemma": finest}))
        pixel(b, s, started)


FROM_RELEASE = """() => addEventListener('mouseup', (e) => {
    bench.first.clear();
    bench.drawn.clear();
    bench.began = e.timeStamp;
}, {once: true, capture: true})"""


def zoom(page):
    """Drags in the first chart: ms until each chart was drawn once, and until the last drawing of the finer level."""
    box = page.locator(".u-over").first.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    page.evaluate(FROM_RELEASE)
    page.mouse.up()
    page.wait_for_function("(n) => bench.drawn.size >= n && performance.now() - Math.max(...bench.drawn.values()) > 400", arg=CHARTS)
    return page.evaluate("[bench.first, bench.drawn].map((times) => Math.max(...times.values()) - bench.began)")


def pixel(b, s, started):
    """A point that a client logs, until a canvas is stroked again."""
    project = post(s, "projects", {"name": "pixel"})["number"]
    run = post(s, "runs", {"project": project, "name": "live"})["id"]

    def log(step):
        point = {"key": "loss", "step": step, "time_ms": int(time.time() * 1000), "value": 1 / (step + 1)}
        post(s, f"runs/{run}/log", {"points": [point]})

    for step in range(10):
        log(step)
    took = []
    with browser.tab(started) as page:
        page.goto(f"{s.url}/#/projects/{project}/runs/{run}?tab=charts")
        browser.all_drawn_ms(page, 1)
        for step in range(10, 30):
            page.wait_for_timeout(700 + 37 * (step % 7))
            page.evaluate("() => { bench.drawn.clear(); bench.began = performance.now(); }")
            log(step)
            page.wait_for_function("() => bench.drawn.size > 0")
            took.append(page.evaluate("Math.min(...bench.drawn.values()) - bench.began"))
    took.sort()
    b.add(Figure(b.current, "a point from the client to its pixel: p95", "ms", took[int(len(took) * 0.95) - 1], None, 500, "less",
                 "< 500 ms", f"median {browser.median(took):.0f} ms", {"stemma": took}))


# ---- an open page ----------------------------------------------------------------------------------------------------

LIVE_RUNS, STEPS_PER_S = 50, 6


def train(s, runs, ended):
    """Each run logs a step of ten metrics six times a second."""
    step = 0
    while not ended.wait(max(0, 1 / STEPS_PER_S - 0.02)):
        now = int(time.time() * 1000)
        lines = [json.dumps({"run": r, "key": f"m{k}", "step": step, "time_ms": now, "value": 1 / (step + k + i + 1)})
                 for i, r in enumerate(runs) for k in range(10)]
        body = "\n".join(lines).encode()
        request = urllib.request.Request(s.url + "/api/v1/ingest", body, {"Content-Type": "application/x-ndjson"})
        urllib.request.urlopen(request, timeout=60).read()
        step += 1


def page_live(b, started):
    seconds = 600 if b.scale.seconds > 60 else 120 if b.scale.seconds > 1 else 5
    with b.stemma() as s:
        project = post(s, "projects", {"name": "live"})["number"]
        runs = [post(s, "runs", {"project": project, "name": f"run {i}"})["id"] for i in range(LIVE_RUNS)]
        ended = threading.Event()
        trainer = threading.Thread(target=train, args=(s, runs, ended))
        trainer.start()
        try:
            with browser.tab(started) as page:
                page.goto(project_address(s, project))
                page.wait_for_timeout(20_000 if seconds > 10 else 2000)
                clock = browser.script_clock(page)
                heap, cpu, script = browser.heap_bytes(page), browser.process_cpu_s(), clock()
                began = time.monotonic()
                page.wait_for_timeout(seconds * 1000)
                took = time.monotonic() - began
                used, worked = browser.process_cpu_s() - cpu, clock() - script
                grown = browser.heap_bytes(page) - heap
        finally:
            ended.set()
            trainer.join()
    note = f"{took:.0f} s, {LIVE_RUNS} runs that log ten metrics {STEPS_PER_S} times a second"
    b.add(Figure(b.current, "an open page of running runs: the page's share of a core", "%", 100 * worked / took, None, 10, "less",
                 "< 10 %", f"{note}; all processes of the browser, which draws without a graphics card: {100 * used / took:.0f} %"))
    b.add(Figure(b.current, "an open page of running runs: growth of its memory", "MB", grown / 1e6, None, 5, "less", "flat: < 5 MB",
                 f"{note}; of scripts, behind a collection; {heap / 1e6:.1f} MB at first"))
