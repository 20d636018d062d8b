// SPDX-License-Identifier: Apache-2.0
// A file of a run, in the viewer that fits it; which other ones fit is offered, and the address keeps the choice (`as`).
// Viewers are loaded when one is wanted.
import type { ComponentType } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { File } from "../api/client";
import { address, setQuery } from "../base/address";
import { bytes } from "../base/format";
import { useLoad } from "../ui/load";
import { Failed, Skeleton } from "../ui/parts";
import { factsOf, VIEW_NAMES, type View, viewsOf } from "./kind";
import { type FileSource, openFile } from "./source";
import "./view.css";

type Viewer = ComponentType<{ source: FileSource }>;
const HEAD = 4096;
const PROSE_MAX = 1 << 20;

const LOADERS: Record<View, () => Promise<Viewer>> = {
    text: async () => (await import("./text")).default,
    patch: async () => {
        const { default: TextView } = await import("./text");
        return ({ source }) => <TextView source={source} patch />;
    },
    json: async () => (await import("./json_tree")).default,
    jsonl: async () => (await import("./table")).JsonLinesView,
    table: async () => (await import("./table")).default,
    image: async () => (await import("./picture")).default,
    audio: async () => (await import("./picture")).MediaView,
    video: async () => {
        const { MediaView } = await import("./picture");
        return ({ source }) => <MediaView source={source} film />;
    },
    tensors: async () => (await import("./tensor_table")).default,
    markdown: async () => {
        const { default: Prose } = await import("./prose");
        return ({ source }) => <Markdown source={source} prose={Prose} />;
    },
    page: async () => (await import("./sandbox")).default,
    facts: async () => Facts,
    hex: async () => (await import("./hex")).default,
};
const loaded = new Map<View, Viewer>();

function useViewer(view: View | undefined): Viewer | undefined {
    const [, draw] = useState(0);
    const known = view && loaded.get(view);
    useEffect(() => {
        if (!view || known) return;
        // It may have come since this was drawn, for another file.
        void LOADERS[view]().then((viewer) => {
            if (!loaded.has(view)) loaded.set(view, viewer);
            draw((n) => n + 1);
        });
    }, [view]);
    return known;
}

// A file that was replaced is another one: nothing of what was read of the old one stays.
export function FileView({ holder, file }: { holder: string; file: File }) {
    return (
        <OpenFile key={`${holder} ${file.path} ${file.digest ?? file.size}`} holder={holder} file={file} />
    );
}

function OpenFile({ holder, file }: { holder: string; file: File }) {
    const source = useMemo(() => openFile(holder, file), []);
    useEffect(() => () => source.close(), [source]);
    const head = useLoad("head", () => source.read(0, HEAD));
    const views = head.data ? viewsOf(file.path, head.data) : [];
    const asked = address.value.query.get("as") as View | null;
    const view = views.find((v) => v === asked) ?? views[0];
    const Chosen = useViewer(view);
    if (head.problem) return <Failed problem={head.problem} retry={head.reload} />;
    return (
        <>
            <nav class="views" aria-label="Ways to look at this file">
                {views.map((v, i) => (
                    <button
                        key={v}
                        type="button"
                        class="button plain"
                        aria-pressed={v === view}
                        onClick={() => setQuery({ as: i ? v : null, at: null, find: null })}
                    >
                        {VIEW_NAMES[v]}
                    </button>
                ))}
            </nav>
            <div class="view">{Chosen ? <Chosen source={source} /> : <Skeleton lines={8} />}</div>
        </>
    );
}

function Facts({ source }: { source: FileSource }) {
    return (
        <div class="viewer-note">
            <p>{factsOf(source.file.path)}</p>
            <p class="muted">{bytes(source.size)}</p>
        </div>
    );
}

function Markdown({ source, prose: Prose }: { source: FileSource; prose: ComponentType<{ text: string }> }) {
    const load = useLoad(`${source.holder} ${source.file.path} ${source.file.digest}`, async () =>
        new TextDecoder().decode(await source.read(0, PROSE_MAX)),
    );
    if (load.problem) return <Failed problem={load.problem} retry={load.reload} />;
    if (load.data === undefined) return <Skeleton lines={8} />;
    return (
        <div class="viewer-scroll">
            <Prose text={load.data} />
        </div>
    );
}
