# SPDX-License-Identifier: Apache-2.0
"""A real browser as a measuring instrument: what it drew when, how evenly it scrolls, what an open page costs. Needs the
Python `playwright` and the distribution's Chromium; software rendering, as on a machine without a graphics card."""

import contextlib
import shutil
import statistics
import time

import servers

WIDTH, HEIGHT = 1400, 900

# Runs in each page before its own scripts. `bench.watch(name, test)`: notes in `bench.seen` when `test` held on the screen,
# that is, behind the frame of the change. `bench.first`, `bench.drawn`: when each canvas was stroked first, and last, by the
# page's clock.
WATCH = """
window.bench = {first: new Map(), drawn: new Map(), seen: new Map()};
bench.watch = (name, test) => {
    bench.seen.delete(name);
    const look = () => {
        if (bench.seen.has(name) || !test()) return;
        requestAnimationFrame(() => setTimeout(() => bench.seen.has(name) || bench.seen.set(name, performance.now()), 0));
        observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, {childList: true, subtree: true, characterData: true, attributes: true});
    look();
};
const stroke = CanvasRenderingContext2D.prototype.stroke;
CanvasRenderingContext2D.prototype.stroke = function (...args) {
    const now = performance.now();
    if (!bench.first.has(this.canvas)) bench.first.set(this.canvas, now);
    bench.drawn.set(this.canvas, now);
    return stroke.apply(this, args);
};
"""

SCROLL = """(ms) => new Promise((done) => {
    const box = [...document.querySelectorAll('main, main *')].filter((e) => getComputedStyle(e).overflowY !== 'visible')
        .sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
    const gaps = [];
    let last, end, jump = 0;
    const frame = (now) => {
        gaps.push(now - last);
        last = now;
        box.scrollTop += 240;
        if (++jump % 120 === 0) box.scrollTop = Math.random() * box.scrollHeight; // the thumb, taken far away
        if (now < end) requestAnimationFrame(frame);
        else done({gaps: gaps.slice(1), height: box.scrollHeight});
    };
    // To look at all elements for the box cost more than a frame, and is not what is measured.
    setTimeout(() => {
        last = performance.now();
        end = last + ms;
        requestAnimationFrame(frame);
    }, 500);
})"""


@contextlib.contextmanager
def browser():
    """A started Chromium, or None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        yield None
        return
    with sync_playwright() as p:
        started = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@contextlib.contextmanager
def tab(started, height=HEIGHT):
    """A page with an empty cache."""
    context = started.new_context(viewport={"width": WIDTH, "height": height})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(120_000)
    until_idle(page)
    yield page
    context.close()


IDLE_S, SHARE, PATIENCE_S = 0.3, 0.1, 10


def until_idle(page):
    """Waits for a new window to have come to rest. Chromium loads pages of its own into it (those of its address bar: four
    hundred files, a second of a core), which who follows a link does not wait for: the window was open before."""
    late = time.monotonic() + PATIENCE_S
    worked = -IDLE_S
    while time.monotonic() < late and process_cpu_s() - worked > SHARE * IDLE_S:
        worked = process_cpu_s()
        page.wait_for_timeout(IDLE_S * 1000)


def seen_ms(page, name):
    """When it was seen, in ms since the page's navigation began."""
    page.wait_for_function("(name) => bench.seen.has(name)", arg=name)
    return page.evaluate("(name) => bench.seen.get(name)", name)


def first_paint(started, url, test, times):
    """From the navigation to the frame in which `test` holds, in ms, of windows without a cache."""
    took = []
    for _ in range(times):
        with tab(started) as page:
            page.add_init_script(f"bench.watch('first', () => {test});")
            page.goto(url)
            took.append(seen_ms(page, "first"))
    return took


def scroll_gaps(page, seconds):
    """Gaps between frames while the longest list is scrolled: (p99, greatest), ms."""
    gaps = sorted(page.evaluate(SCROLL, seconds * 1000)["gaps"])
    return gaps[int(len(gaps) * 0.99)], gaps[-1]


def all_drawn_ms(page, canvases):
    """When the last of so many canvases was drawn, and nothing was drawn after it for 300 ms."""
    page.wait_for_function(
        "(n) => bench.drawn.size >= n && performance.now() - Math.max(...bench.drawn.values()) > 300", arg=canvases)
    return page.evaluate("Math.max(...bench.drawn.values())")


def script_clock(page):
    """A clock of the seconds that the page's main thread has worked."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read():
        return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}["TaskDuration"]

    return read


def heap_bytes(page):
    """Of the page's scripts, after garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


def process_cpu_s():
    """Seconds that all processes of the browser have worked."""
    import psutil

    mine = psutil.Process()
    return sum(servers.cpu_seconds(p.pid) for p in mine.children(recursive=True) if "chrom" in p.name())


median = statistics.median
