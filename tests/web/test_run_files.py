# SPDX-License-Identifier: Apache-2.0
"""The files of a run: the tree, and a viewer for each kind of file. Hostile files stay text."""

import json
import re
import struct
import zlib

import pytest
from conftest import forgive, go_back, reload, shot
from playwright.sync_api import expect
from run_help import Runs, clipboard, comes, serious_faults


def png(width, height, colour):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def gguf():
    tokens = struct.pack("<IIQ", 9, 8, 3000) + b"".join(gguf_text(f"tok{i}") for i in range(3000))
    keys = gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("llama") + gguf_text("tokens") + tokens
    tensor = gguf_text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 256, 64, 12, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + keys + tensor + b"\0" * 10_000


@pytest.fixture(scope="module")
def runs(server):
    return Runs(server)


NEEDLES = {2000: " Needle (x)", 2600: " " * 400 + "needle (x) far to the right", 3990: " needle (x), needle x"}
FILES = {
    "notes/hello.txt": "hello\nworld\n",
    "notes/empty.txt": "",
    "logs/many.txt": "".join(f"line {i}{NEEDLES.get(i, '')}\n" for i in range(1, 5001)),
    "logs/long.txt": "".join(f"{i:07d} the quick brown fox\n" for i in range(1, 100_001)),
    "logs/one-line.txt": "y" * 900_000,
    "conf/config.json": json.dumps({"a": [1, {"b": None}], "wide": {f"k{i}": i for i in range(40)}, "id": 2**60}),
    "conf/nan.json": '{"loss": NaN, "top": Infinity}',
    "data/rows.jsonl": '{"i": 1, "text": "one"}\n{"i": 2, "more": [1]}\nnot json\n',
    "data/table.csv": "id,text\n1,\"a, b\"\n2,\"say \"\"hi\"\"\nthere\"\n",
    "data/big.csv": "id,value\n" + "".join(f"{i},{i * i}\n" for i in range(1, 90_001)),
    "model/w.safetensors": safetensors(
        {
            "__metadata__": {"format": "pt"},
            "wte": {"dtype": "F16", "shape": [10, 4], "data_offsets": [0, 80]},
            "bias": {"dtype": "F32", "shape": [4], "data_offsets": [80, 96]},
        },
        b"\0" * 96,
    ),
    "model/tiny.gguf": gguf(),
    "pictures/green.png": png(64, 40, (30, 120, 90)),
    "README.md": "# Card\n\nA [link](https://example.org)\n",
    "weights.bin": bytes(range(256)) * 4000,
    "model.pkl": b"\x80\x04\x95" + b"a" * 50,
    "bad/huge.safetensors": struct.pack("<Q", 2**62) + b"{",
    "bad/deep.safetensors": safetensors(b"[" * 90_000),
    "bad/shape.safetensors": safetensors({"t": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}),
    "bad/counts.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60),
    "bad/array.gguf": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + gguf_text("x") + struct.pack("<IIQ", 9, 9, 2**50),
    "bad/deep.json": "[" * 90_000 + "]" * 90_000,
    "bad/page.html": "<script>top.document.title='hacked'</script><h1>hello</h1><img src='https://example.org/i.png'>",
    "bad/drawing.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='50' height='40' onload='top.document.title=1'>"
    "<script>top.document.title=2</script><rect width='50' height='40'/></svg>",
    "bad/<img src=x onerror=alert(1)>.txt": "<script>document.title=1</script>",
}


@pytest.fixture(scope="module")
def full_run(runs):
    run = runs.make("with files")
    for path, data in FILES.items():
        runs.put(run, path, data)
    for i in range(600):
        runs.put(run, f"many/file-{i:04d}.txt", str(i))
    return run


@pytest.fixture
def view(visit, runs, full_run):
    def opened(path, **query):
        return visit(runs.path(full_run, tab="files", file=path, **query))

    return opened


# ---- the tree ----


def test_the_tree_opens_by_key_and_leads_to_files(view, runs, full_run, page):
    view("")
    tree = page.get_by_role("tree", name="Files")
    folder = tree.get_by_role("treeitem", name="notes/")
    folder.focus()
    page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem", name="hello.txt")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("file=notes%2Fhello.txt"))
    expect(page.locator(".line")).to_have_text(["1hello", "2world"])
    page.get_by_role("navigation", name="Path of the file").get_by_role("link", name="notes").click()
    expect(page.get_by_text("2 entries")).to_be_visible()
    go_back(page)
    expect(page.locator(".line").first).to_have_text("1hello")


def test_a_large_folder_comes_page_by_page(view, page):
    view("many")
    expect(page.get_by_text("500 entries so far")).to_be_visible()
    page.locator(".file-list").get_by_role("button", name="More").click()
    expect(page.get_by_text("600 entries", exact=True)).to_be_visible()


def test_a_file_tells_its_facts_and_is_downloaded(view, page, full_run):
    view("notes/hello.txt")
    facts = page.locator(".file-facts")
    expect(facts).to_contain_text("12 B")
    facts.get_by_role("button", name="Copy the digest").click()
    assert comes(page, lambda: re.fullmatch("[0-9a-f]{64}", clipboard(page))), clipboard(page)
    page.get_by_role("button", name="Copy the path").click()
    assert comes(page, lambda: clipboard(page) == "notes/hello.txt"), clipboard(page)
    facts.get_by_role("button", name="Copy command").click()
    assert comes(page, lambda: clipboard(page) == f"stemma artifacts cat {full_run} notes/hello.txt"), clipboard(page)
    with page.expect_download() as download:
        facts.get_by_role("button", name="Download").click()
    assert download.value.path().read_text() == "hello\nworld\n"


def test_a_new_file_appears_by_itself(visit, runs):
    run = runs.make("growing")
    page = visit(runs.path(run, tab="files"))
    expect(page.get_by_role("heading", name="No files yet")).to_be_visible()
    runs.put(run, "out.txt", "one")
    page.get_by_role("treeitem", name="out.txt").click()
    expect(page.locator(".line")).to_have_text(["1one"])
    runs.put(run, "out.txt", "one\ntwo")
    expect(page.locator(".line")).to_have_text(["1one", "2two"])


def test_a_path_of_nothing_says_so(view, page):
    view("no/such.txt")
    expect(page.get_by_role("alert")).to_contain_text("There is no such thing here")
    forgive(page.context, "status of 404")


# ---- text ----


def test_long_text_is_read_as_far_as_one_looks(view, page):
    requests = []
    page.on("request", lambda r: "/files/logs/" in r.url and requests.append(r.headers.get("range")))
    view("logs/long.txt")
    expect(page.locator(".line").first).to_contain_text("0000001 the quick")
    assert all(r for r in requests), requests
    assert page.locator(".line").count() < 120
    page.get_by_role("button", name="The end").click()
    expect(page).to_have_url(re.compile("at="))
    page.get_by_role("list", name="Lines of the file").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("0100000 the quick brown fox")).to_be_in_viewport()
    page.get_by_role("button", name="From the start").click()
    expect(page.get_by_text("0000001 the quick")).to_be_in_viewport()


def test_one_endless_line_does_not_hang(view, page):
    view("logs/one-line.txt")
    expect(page.locator(".line").first).to_contain_text("yyyy")


def test_an_empty_file_says_so(view, page):
    view("notes/empty.txt")
    expect(page.get_by_text("This file is empty.")).to_be_visible()


# ---- finding in a text ----


def found(page):
    return page.locator("mark[aria-current]")


def count(page, text):
    expect(page.get_by_role("search").get_by_role("status")).to_have_text(text)


def test_finds_in_a_text(view, page):
    view("logs/many.txt")
    page.get_by_role("list", name="Lines of the file").focus()
    page.keyboard.press("Control+f")
    box = page.get_by_role("searchbox", name="Find in this text")
    expect(box).to_be_focused()
    page.keyboard.type("needle (X)")
    count(page, "1 of 3")
    expect(found(page)).to_be_in_viewport()
    expect(found(page)).to_have_text("Needle (x)")
    page.keyboard.press("Enter")
    count(page, "2 of 3")
    expect(found(page)).to_be_in_viewport()
    expect(page.locator(".line", has=found(page))).to_contain_text("needle (x) far to the right")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    count(page, "1 of 3")
    page.keyboard.press("Shift+Enter")
    count(page, "3 of 3")
    reload(page)
    count(page, "1 of 3")
    expect(found(page)).to_be_in_viewport()
    page.get_by_role("button", name="Next match").click()
    count(page, "2 of 3")
    shot(page, "run-find-light")
    box.fill("nothing such")
    count(page, "not found")
    page.keyboard.press("Escape")
    expect(page.get_by_role("list", name="Lines of the file")).to_be_focused()
    expect(page.locator("mark")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("find="))


def test_finds_in_json_as_text_and_in_the_part_that_is_loaded(view, page):
    view("conf/config.json", **{"as": "text", "find": "k39"})
    count(page, "1 of 1")
    expect(found(page)).to_be_in_viewport()
    view("logs/long.txt", find="0000050 ")
    count(page, "1 of 1 in this part")
    box = page.get_by_role("searchbox", name="Find in this text")
    box.fill("0099990 the")
    count(page, "not found in this part")
    box.press("Enter")
    count(page, "1 of 1")
    expect(found(page)).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_find_box_is_accessible(view, page, scheme):
    page.emulate_media(color_scheme=scheme)
    view("logs/many.txt", find="line")
    expect(found(page)).to_be_in_viewport()
    shot(page, f"run-find-{scheme}")
    assert serious_faults(page) == []


# ---- JSON and tables ----


def test_json_is_a_tree(view, page):
    view("conf/config.json")
    rows = page.locator(".twig")
    expect(rows.filter(has_text="wide:")).to_contain_text("{ 40 }")
    expect(rows.filter(has_text="id:")).to_contain_text("1152921504606846976")
    page.get_by_role("button", name="wide").click()
    expect(rows.filter(has_text="k5:")).to_contain_text("5")
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page).to_have_url(re.compile("as=text"))
    expect(page.locator(".line").first).to_contain_text('{"a": [1')
    view("conf/nan.json")
    expect(rows.filter(has_text="loss:")).to_contain_text("NaN")
    expect(rows.filter(has_text="top:")).to_contain_text("Infinity")


def test_csv_is_a_table(view, page):
    view("data/table.csv")
    table = page.get_by_role("table")
    expect(table.get_by_role("columnheader", name="text")).to_be_visible()
    expect(table.get_by_role("cell", name="a, b")).to_be_visible()
    table.get_by_role("cell", name='say "hi"').click()
    whole = page.locator(".grid-cell-text")
    expect(whole).to_have_text('say "hi"\nthere')
    page.get_by_role("table").focus()
    page.keyboard.press("ArrowUp")
    expect(whole).to_have_text("a, b")
    page.keyboard.press("ArrowLeft")
    expect(whole).to_have_text("1")
    page.keyboard.press("Escape")
    expect(whole).to_have_count(0)
    view("data/big.csv")
    expect(page.get_by_text("rows so far")).to_be_visible()
    assert page.locator(".cells").count() < 120


def test_json_lines_are_a_table(view, page):
    view("data/rows.jsonl")
    heads = page.get_by_role("columnheader")
    expect(heads).to_have_text(["#", "i", "text", "more", "not JSON"])
    expect(page.get_by_role("cell", name="not json")).to_be_visible()


def test_a_table_that_mlflow_logs(visit, client, runs, page):
    import pandas

    run = runs.make("table")
    client.log_table(run, pandas.DataFrame({"prompt": ["<b>hi</b>"], "score": [0.5]}), "eval.json")
    visit(runs.path(run, tab="files", file="eval.json"))
    expect(page.get_by_role("columnheader", name="prompt")).to_be_visible()
    expect(page.get_by_role("cell", name="<b>hi</b>")).to_be_visible()
    page.get_by_role("button", name="As a tree").click()
    expect(page.locator(".twig").filter(has_text="columns:")).to_be_visible()


# ---- weights ----


def test_safetensors_show_their_tensors(view, page):
    view("model/w.safetensors")
    row = page.get_by_role("row", name="wte")
    expect(row).to_contain_text("F16")
    expect(row).to_contain_text("10 × 4")
    expect(page.get_by_text("safetensors: 2 tensors")).to_be_visible()
    page.get_by_role("searchbox", name="Find tensors").fill("^b")
    expect(page.get_by_role("row", name="wte")).to_have_count(0)
    expect(page.get_by_role("row", name="bias")).to_be_visible()


def test_gguf_shows_its_tensors(view, page):
    view("model/tiny.gguf")
    expect(page.get_by_role("row", name="blk.0.attn_q.weight")).to_contain_text("Q4_K")
    page.get_by_text("2 entries of metadata").click()
    expect(page.locator(".metadata")).to_contain_text("llama")
    expect(page.locator(".metadata")).to_contain_text("3000 in all")


@pytest.mark.parametrize("name", ["huge.safetensors", "deep.safetensors", "shape.safetensors", "counts.gguf", "array.gguf"])
def test_hostile_headers_are_not_readable(view, page, name):
    view(f"bad/{name}")
    expect(page.get_by_role("alert")).to_contain_text("not readable as weights")
    page.get_by_role("button", name="Bytes").click()
    expect(page.locator(".line").first).to_contain_text("00000000")


# ---- pictures, pages, bytes ----


def test_pictures_are_shown(view, page):
    view("pictures/green.png")
    expect(page.get_by_text("64 × 40 pixels")).to_be_visible()


def test_a_drawing_is_a_picture_and_its_script_is_text(view, page):
    view("bad/drawing.svg")
    expect(page.get_by_text("50 × 40 pixels")).to_be_visible()
    assert page.locator("main svg rect, main svg script").count() == 0
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.locator(".line").first).to_contain_text("<script>")
    assert "files" in page.title()


def test_html_is_text_and_a_sandbox_on_demand(view, page):
    stopped = []
    page.on("requestfailed", lambda r: stopped.append((r.url, r.failure)))
    view("bad/page.html")
    expect(page.locator(".line").first).to_contain_text("<script>")
    page.get_by_role("button", name="Sandbox").click()
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "")
    expect(page.frame_locator("iframe").get_by_role("heading", name="hello")).to_be_visible()
    assert "files" in page.title()
    # The browser says what it did not let happen.
    assert stopped == [("https://example.org/i.png", "csp")]
    forgive(page.context, "Blocked script execution|Content Security Policy|sandboxed|example.org/i.png")


def test_deep_json_does_not_hang(view, page):
    view("bad/deep.json")
    expect(page.locator(".twig, .line").first).to_be_visible()


def test_hostile_names_stay_text(view, page):
    view("bad/<img src=x onerror=alert(1)>.txt")
    expect(page.get_by_role("navigation", name="Path of the file")).to_contain_text("<img src=x onerror=alert(1)>.txt")
    expect(page.locator(".line").first).to_contain_text("<script>document.title=1</script>")
    assert page.locator("main img").count() == 0


def test_markdown_is_a_page(view, page):
    view("README.md")
    expect(page.get_by_role("heading", name="Card")).to_be_visible()
    expect(page.get_by_role("link", name="link")).to_have_attribute("rel", "noopener noreferrer")


def test_other_files_are_bytes_and_pickles_are_not_read(view, page):
    view("weights.bin")
    expect(page.locator(".line").first).to_contain_text("00 01 02 03 04 05 06 07")
    page.get_by_role("list", name="Bytes of the file").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("f8 f9 fa fb fc fd fe ff").last).to_be_in_viewport()
    view("model.pkl")
    expect(page.get_by_text("Loading one runs code")).to_be_visible()


# ---- images of a step ----


@pytest.fixture(scope="module")
def pictured(runs, client):
    import numpy

    run = runs.make("pictured")
    for step in (0, 10, 20):
        pixels = numpy.full((24, 32, 3), step * 10, dtype="uint8")
        client.log_image(run, pixels, key="layer/attention", step=step)
    client.log_image(run, pixels, key="samples", step=5)
    return run


def test_images_of_a_step_have_a_slider(visit, runs, pictured, page):
    visit(runs.path(pictured, tab="images"))
    card = page.get_by_role("region", name="layer/attention")
    expect(card).to_contain_text("step 20 (3 of 3)")
    expect(card.get_by_role("img", name="layer/attention, step 20")).to_be_visible()
    card.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("step 10 (2 of 3)")
    expect(page).to_have_url(re.compile("step=10"))
    reload(page)
    expect(card).to_contain_text("step 10 (2 of 3)")
    card.get_by_role("button", name="Compare").click()
    expect(card.get_by_role("img")).to_have_count(2)
    expect(card).to_contain_text("step 0 (1 of 3)")
    page.get_by_role("searchbox", name="Find images").fill("^samples")
    expect(card).to_have_count(0)


# ---- looks ----


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "conf/config.json", "data/table.csv", "model/w.safetensors", "README.md"])
def test_viewers_are_accessible(view, page, scheme, path):
    page.emulate_media(color_scheme=scheme)
    view(path)
    expect(page.locator(".file-list, .twig, .cells, .prose").first).to_be_visible()
    shot(page, f"run-files-{path.replace('/', '-') or 'root'}-{scheme}")
    assert serious_faults(page) == []


def test_files_fit_a_narrow_window(view, page):
    page.set_viewport_size({"width": 360, "height": 740})
    view("data/table.csv")
    expect(page.get_by_role("table")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("navigation", name="Path of the file").get_by_role("link", name="files").click()
    expect(page.get_by_role("cell", name="README.md")).to_be_visible()
