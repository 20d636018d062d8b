// SPDX-License-Identifier: Apache-2.0
// Markdown that somebody wrote, made safe: parsed by marked, cleaned by DOMPurify, and put into the page as nodes. Nothing in
// it loads anything: a picture is a link, a link leads away only when it is followed. Loaded when it is needed.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { plainName } from "../base/text";
import { type Entry, withoutFront } from "./front_matter";

const TAGS = [
    ..."h1 h2 h3 h4 h5 h6 p br hr b i em strong del s code pre blockquote ul ol li div center".split(" "),
    ..."a img table thead tbody tr th td input details summary sub sup kbd".split(" "),
];
const ATTRIBUTES = ["href", "src", "alt", "title", "align", "start", "type", "checked", "disabled", "open"];

const escaped = (text: string): string =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const ATTRIBUTE = /([a-z]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?/gi;

// HTML within Markdown: known tags with their known attributes, all else as the text that it is. DOMPurify would drop the rest
// as well, but only once the browser has parsed it and complained.
const plainHtml = (html: string): string =>
    html
        .replace(/<!--[\s\S]*?-->/g, "")
        .replace(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>|[<>]/gi, (whole, slash, name, attributes) => {
            if (!name || !TAGS.includes(String(name).toLowerCase())) return escaped(whole);
            const kept = [...String(attributes).matchAll(ATTRIBUTE)]
                .filter((m) => ATTRIBUTES.includes((m[1] ?? "").toLowerCase()))
                .map((m) => ` ${m[1]}="${escaped((m[2] ?? "").replace(/^["']|["']$/g, ""))}"`);
            return `<${slash}${name}${kept.join("")}>`;
        });

const marked = new Marked({ gfm: true, async: false, renderer: { html: ({ text }) => plainHtml(text) } });

const clean = (text: string): DocumentFragment =>
    DOMPurify.sanitize(marked.parse(text) as string, {
        ALLOWED_TAGS: TAGS,
        ALLOWED_ATTR: ATTRIBUTES,
        ALLOW_DATA_ATTR: false,
        ALLOW_ARIA_ATTR: false,
        RETURN_DOM_FRAGMENT: true,
    });

// Links of other places open there and learn nothing of this page; those without a place are text.
function tame(link: HTMLAnchorElement, href: string): void {
    if (/^(https?|mailto):/i.test(href)) {
        link.href = href;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
    } else link.removeAttribute("href");
}

// Works on the fragment before it is in the page, so that no picture is ever asked for.
function tameAll(root: DocumentFragment): void {
    for (const image of root.querySelectorAll("img")) {
        const link = document.createElement("a");
        link.textContent = `Picture: ${image.getAttribute("alt") || image.getAttribute("src") || "picture"}`;
        tame(link, image.getAttribute("src") ?? "");
        image.replaceWith(link);
    }
    for (const link of root.querySelectorAll("a")) tame(link, link.getAttribute("href") ?? "");
    for (const box of root.querySelectorAll("input")) {
        if (box.type === "checkbox") box.disabled = true;
        else box.remove();
    }
}

const ENTRIES = 60;
const LINES = 12;
const LENGTH = 400;

// What is longer is read in the file.
function shortened(value: string): string {
    const lines = value.split("\n");
    const short = lines.slice(0, LINES).join("\n").slice(0, LENGTH);
    return plainName(short.length < value.length ? `${short.trimEnd()} …` : short);
}

function Front({ entries }: { entries: readonly Entry[] }) {
    return (
        <table class="front-matter" aria-label="What the card says of itself">
            <tbody>
                {entries.slice(0, ENTRIES).map(({ key, value }, i) => (
                    <tr key={i}>
                        <th scope="row" class="given">
                            {plainName(key)}
                        </th>
                        <td class={value.includes("\n") ? "given mono" : "given"}>{shortened(value)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

export default function Prose({ text }: { text: string }) {
    const box = useRef<HTMLDivElement>(null);
    const { entries, body } = useMemo(() => withoutFront(text), [text]);
    useLayoutEffect(() => {
        const fragment = clean(body);
        tameAll(fragment);
        box.current?.replaceChildren(fragment);
    }, [body]);
    return (
        <>
            {entries.length > 0 && <Front entries={entries} />}
            <div class="prose" ref={box} dir="auto" />
        </>
    );
}
