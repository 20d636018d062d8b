// SPDX-License-Identifier: Apache-2.0
// The images that a run logged by step: a card a key, a slider over its steps, and a second picture to compare with.
import { useMemo, useState } from "preact/hooks";
import { listFiles } from "../api/files";
import { address, setQuery } from "../base/address";
import { dateTime, plural } from "../base/format";
import { matcher } from "../base/text";
import { Find } from "../ui/find";
import { useLoad } from "../ui/load";
import { Empty, Failed, Skeleton } from "../ui/parts";
import { BlobImage } from "./picture";
import { type ImageSeries, imageAt, imageSeries } from "./steps";
import "./view.css";

const FILES_MAX = 20_000;
const CARDS_MAX = 60;

async function listImages(holder: string, signal: AbortSignal): Promise<{ paths: string[]; all: boolean }> {
    const paths: string[] = [];
    let after: string | undefined;
    do {
        const page = await listFiles(holder, "images", { limit: 1000, signal, ...(after ? { after } : {}) });
        for (const file of page.items) if (!file.is_dir) paths.push(file.path);
        after = page.next;
    } while (after && paths.length < FILES_MAX);
    return { paths, all: !after };
}

export function Gallery({ holder, turn }: { holder: string; turn: number }) {
    const load = useLoad(`${holder} ${turn}`, (signal) => listImages(holder, signal));
    const find = address.value.query.get("find") ?? "";
    const series = useMemo(() => imageSeries(load.data?.paths ?? []), [load.data]);
    const shown = useMemo(() => series.filter((s) => matcher(find)(s.key)), [series, find]);
    if (load.problem && !load.data) return <Failed problem={load.problem} retry={load.reload} />;
    if (!load.data) return <Skeleton lines={8} />;
    if (!series.length)
        return (
            <Empty title="No images by step">
                <p>A client logs them with mlflow.log_image(image, key="samples", step=3).</p>
            </Empty>
        );
    return (
        <>
            <div class="viewer-bar">
                <Find
                    label="Find images"
                    placeholder="Find images (regular expression)"
                    value={find}
                    change={(text) => setQuery({ find: text })}
                />
                <span>{plural(shown.length, "key")}</span>
                {!load.data.all && <span class="bad">Only the first {FILES_MAX} files were looked at.</span>}
            </div>
            <div class="step-images">
                {shown.slice(0, CARDS_MAX).map((s) => (
                    <Card key={s.key} holder={holder} series={s} />
                ))}
            </div>
            {shown.length > CARDS_MAX && (
                <p class="viewer-note">{shown.length - CARDS_MAX} more: find them by their keys.</p>
            )}
        </>
    );
}

// The step that the address asks of all cards, or the last.
const stepOf = (name: string, fallback: number): number => {
    const text = address.value.query.get(name);
    const n = Number(text);
    return text !== null && Number.isFinite(n) ? n : fallback;
};

function Card({ holder, series }: { holder: string; series: ImageSeries }) {
    const steps = useMemo(() => [...new Set(series.images.map((i) => i.step))], [series]);
    const last = steps.at(-1) ?? 0;
    const [own, setOwn] = useState<{ step?: number; other?: number }>({});
    const step = own.step ?? stepOf("step", last);
    const compared = own.other ?? (address.value.query.has("with") ? stepOf("with", last) : undefined);
    const [whole, setWhole] = useState(false);
    const shared = { holder, series, steps, whole };
    return (
        <section class="panel step-image" aria-label={series.key}>
            <header class="row">
                <h3 class="grow clip" title={series.key}>
                    {series.key}
                </h3>
                <button
                    type="button"
                    class="button plain"
                    aria-pressed={compared !== undefined}
                    title="Compare two steps"
                    onClick={() => {
                        setOwn({ ...own, other: undefined });
                        setQuery({ with: compared === undefined ? String(steps[0] ?? 0) : null });
                    }}
                >
                    Compare
                </button>
                <button
                    type="button"
                    class="button plain"
                    aria-pressed={whole}
                    title="Show the whole picture instead of the small one"
                    onClick={() => setWhole(!whole)}
                >
                    Full size
                </button>
            </header>
            <div class={compared === undefined ? "" : "step-pair"}>
                {compared !== undefined && (
                    <Side
                        {...shared}
                        step={compared}
                        name="First step"
                        choose={(other) => setOwn({ ...own, other })}
                        done={(other) => setQuery({ with: other })}
                    />
                )}
                <Side
                    {...shared}
                    step={step}
                    name="Step"
                    choose={(s) => setOwn({ ...own, step: s })}
                    done={(s) => setQuery({ step: s === last ? null : String(s) })}
                />
            </div>
        </section>
    );
}

function Side(props: {
    holder: string;
    series: ImageSeries;
    steps: readonly number[];
    step: number;
    whole: boolean;
    name: string;
    choose: (step: number) => void;
    done: (step: number) => void;
}) {
    const { holder, series, steps, whole } = props;
    const image = imageAt(series, props.step);
    if (!image) return null;
    const at = steps.indexOf(image.step);
    const stepAt = (i: number): number => steps[i] ?? image.step;
    return (
        <div>
            <BlobImage
                holder={holder}
                path={whole ? image.path : (image.small ?? image.path)}
                alt={`${series.key}, step ${image.step}`}
            />
            <label class="row">
                <span class="hidden">
                    {props.name} of {series.key}
                </span>
                <input
                    type="range"
                    min={0}
                    max={Math.max(0, steps.length - 1)}
                    value={at}
                    aria-valuetext={`step ${image.step}`}
                    onInput={(e) => props.choose(stepAt(Number(e.currentTarget.value)))}
                    onChange={(e) => props.done(stepAt(Number(e.currentTarget.value)))}
                />
            </label>
            <div class="row muted">
                <span class="grow">
                    step {image.step} ({at + 1} of {steps.length})
                </span>
                <span title={dateTime(image.timeMs)}>{dateTime(image.timeMs).slice(11)}</span>
            </div>
        </div>
    );
}
