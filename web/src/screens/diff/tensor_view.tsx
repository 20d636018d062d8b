// SPDX-License-Identifier: Apache-2.0
// The tensors that differ: a bar a layer (how far all of it is apart, as a part of what it was), and a table of the tensors of
// the layer that is chosen, or of all. The address says which layer (`layer`), the order of both (`order`, `sort`, `up`) and
// what is looked for (`q`).
import { useMemo } from "preact/hooks";
import type { LayerDiff, TensorDiff } from "../../api/diff";
import { address, formatAddress, setQuery } from "../../base/address";
import { bytes, integer, numberOf, plural, shortNumber } from "../../base/format";
import { plainName } from "../../base/text";
import { useActs } from "../../ui/acts";
import { Find } from "../../ui/find";
import { Empty, Failed, Skeleton } from "../../ui/parts";
import { CellRow, Title } from "../../view/cells";
import { Rows } from "../../view/rows";
import { What } from "./files";
import {
    COLUMNS,
    type Column,
    equalPart,
    grew,
    half,
    inModelOrder,
    odd,
    percent,
    shapes,
    share,
    sortTensors,
    type Tensors,
    worstFirst,
} from "./tensors";
import type { TensorsLoad } from "./use_tensors";

const HEIGHT = 24;

// Of the widest bar, which the most changed layer has.
export const partOf = (change: LayerDiff["change"], most: number): number => {
    const n = numberOf(change);
    return Number.isNaN(n) || n <= 0 ? 0 : Math.min(1, Number.isFinite(n) && most > 0 ? n / most : 1);
};

export const mostOf = (layers: readonly LayerDiff[]): number =>
    Math.max(0, ...layers.map((l) => numberOf(l.change)).filter(Number.isFinite));

export function Bar({ part }: { part: number }) {
    return (
        <span class="diff-track" aria-hidden="true">
            {part > 0 && <span style={{ width: `max(1px, ${part * 100}%)` }} />}
        </span>
    );
}

export function sumOf({ shown, isMeasured }: TensorsLoad): string {
    const sum = shown?.sum;
    if (!sum) return "";
    const parts: [number, string][] = [
        [sum.changed, isMeasured ? "changed" : "that may be changed"],
        [sum.added, "added"],
        [sum.removed, "removed"],
        [sum.reshaped, "reshaped"],
        [sum.retyped, "of another type"],
        [sum.same, "the same"],
    ];
    return [...parts.filter(([n]) => n > 0).map(([n, word]) => `${integer(n)} ${word}`), odd(sum)]
        .filter(Boolean)
        .join(", ");
}

export const differing = ({ sum }: Tensors): number =>
    sum ? sum.changed + sum.added + sum.removed + sum.reshaped + sum.retyped : 0;

// How far the measuring is, or the button that begins it.
export function Measuring({ load }: { load: TensorsLoad }) {
    if (load.measure)
        return (
            <button type="button" class="button strong" onClick={load.measure}>
                Measure: reads {bytes(load.bytes)}
            </button>
        );
    if (!load.going) return null;
    const { read, of } = load.going;
    return (
        <span class="row muted" role="status">
            Measuring …
            {of > 0 && (
                <>
                    <progress value={read} max={of} aria-label="Measured" /> {bytes(read)} of {bytes(of)}
                </>
            )}
        </span>
    );
}

export function TensorSide({ load }: { load: TensorsLoad }) {
    if (load.problem) return <Failed problem={load.problem} retry={load.retry} />;
    if (!load.shown?.sum) return <Skeleton lines={12} />;
    if (!load.shown.sum.differs) return <Empty title="All tensors are the same" />;
    return <Shown load={load} tensors={load.shown} />;
}

function Shown({ load, tensors }: { load: TensorsLoad; tensors: Tensors }) {
    const { query } = address.value;
    const layer = query.get("layer") ?? "";
    const byModel = query.get("order") === "model";
    const turn = (): void => setQuery({ order: byModel ? null : "model" });
    useActs([
        {
            id: "layers-order",
            title: "Layers: worst first, or as in the model",
            group: "Tensors",
            keys: ["o"],
            run: turn,
        },
        {
            id: "layers-all",
            title: "Tensors of all layers",
            group: "Tensors",
            keys: ["a"],
            enabled: layer !== "",
            run: () => setQuery({ layer: null }),
        },
    ]);
    return (
        <div class="diff-fill">
            <div class="diff-bar row">
                <span>{sumOf(load)}</span>
                <span class="grow" />
                <Measuring load={load} />
                <button
                    type="button"
                    class="button"
                    aria-pressed={byModel}
                    title="The order of layers (o)"
                    onClick={turn}
                >
                    Model order
                </button>
            </div>
            <div class="diff-tensors">
                <Layers
                    layers={tensors.sum?.layers ?? []}
                    chosen={layer}
                    byModel={byModel}
                    isMeasured={load.isMeasured}
                />
                <TensorTable tensors={tensors} layer={layer} />
            </div>
        </div>
    );
}

function Layers({
    layers,
    chosen,
    byModel,
    isMeasured,
}: {
    layers: readonly LayerDiff[];
    chosen: string;
    byModel: boolean;
    isMeasured: boolean;
}) {
    const sorted = useMemo(
        () => layers.filter((l) => l.differ > 0).sort(byModel ? inModelOrder : worstFirst),
        [layers, byModel],
    );
    const most = mostOf(sorted);
    const hrefOf = (name: string): string => {
        const next = new URLSearchParams(address.peek().query);
        if (name === chosen) next.delete("layer");
        else next.set("layer", name);
        return formatAddress(address.peek().path, next);
    };
    const row = (l: LayerDiff) => (
        <CellRow key={l.name} class={`diff-layer ${l.name === chosen ? "is-chosen" : ""}`}>
            <span role="cell" class="clip">
                <a
                    class="given"
                    href={hrefOf(l.name)}
                    aria-current={l.name === chosen ? "true" : undefined}
                    title={`${l.name}: its tensors`}
                >
                    {plainName(l.name)}
                </a>
                {odd(l) && <b class={grew(l) ? "bad" : "muted"}> {odd(l)}</b>}
            </span>
            <span role="cell">
                <Bar part={partOf(l.change, most)} />
            </span>
            <span role="cell" class="number" title={String(l.change)}>
                {percent(l.change) || <span class="muted">{isMeasured ? "–" : "…"}</span>}
            </span>
            <span role="cell" class="number muted" title="tensors that differ, of all of the layer">
                {l.differ}/{l.tensors}
            </span>
        </CellRow>
    );
    return (
        <Rows
            count={sorted.length}
            height={HEIGHT}
            headHeight={HEIGHT}
            label="Layers that differ"
            role="table"
            fit
            class="diff-layers"
            head={
                <CellRow class="diff-layer diff-layer-head">
                    <Title id="name" title="Layer" />
                    <Title id="bar" title="Change" />
                    <Title id="change" title="%" class="number" />
                    <Title id="count" title="Tensors" class="number" />
                </CellRow>
            }
            row={(i) => row(sorted[i] as LayerDiff)}
        />
    );
}

// ---- the table ----

const TITLES: Record<Column, readonly [string, number]> = {
    name: ["Tensor", 38],
    what: ["What", 12],
    change: ["Change", 10],
    cosine: ["Cosine", 10],
    largest: ["Largest", 10],
    equal: ["Equal", 9],
    shape: ["Type and shape", 40],
};
const isNumeric = (c: Column): boolean => c !== "name" && c !== "what" && c !== "shape";

function TensorTable({ tensors, layer }: { tensors: Tensors; layer: string }) {
    const { query } = address.value;
    const find = query.get("q") ?? "";
    const by = COLUMNS.find((c) => c === query.get("sort")) ?? "change";
    const down = query.get("up") !== "1";
    const shown = useMemo(
        () => sortTensors(tensors.list, { by, down, find, layer }),
        [tensors, by, down, find, layer],
    );
    const choose = (sort: { by: string; down: boolean }): void =>
        setQuery({ sort: sort.by === "change" ? null : sort.by, up: !sort.down });
    const head = (
        <CellRow class="cells cells-head">
            {COLUMNS.map((c) => (
                <Title
                    key={c}
                    id={c}
                    title={TITLES[c][0]}
                    class={isNumeric(c) ? "number" : ""}
                    style={{ width: `${TITLES[c][1]}ch` }}
                    sort={{ by, down }}
                    choose={choose}
                />
            ))}
        </CellRow>
    );
    return (
        <section class="viewer" aria-label="Tensors">
            <div class="viewer-bar">
                <span>
                    {plural(shown.length, "tensor")}
                    {layer && (
                        <>
                            {" of "}
                            <b class="given">{plainName(layer)}</b>{" "}
                            <button type="button" class="button" onClick={() => setQuery({ layer: null })}>
                                All layers
                            </button>
                        </>
                    )}
                    {tensors.left > 0 && `, of the first ${integer(tensors.list.length)}`}
                </span>
                <Find
                    class="grow"
                    label="Find tensors"
                    placeholder="Find tensors (regular expression)"
                    value={find}
                    change={(text) => setQuery({ q: text })}
                />
            </div>
            <Rows
                count={shown.length}
                height={HEIGHT}
                headHeight={HEIGHT}
                label="Tensors that differ"
                role="table"
                wide={COLUMNS.reduce((sum, c) => sum + TITLES[c][1], 0)}
                head={head}
                row={(i) => <TensorRow key={i} tensor={shown[i] as TensorDiff} />}
            />
        </section>
    );
}

const short = (value: TensorDiff["cosine"]): string =>
    value === undefined ? "" : shortNumber(numberOf(value));

function TensorRow({ tensor: t }: { tensor: TensorDiff }) {
    const equal = equalPart(t);
    const cells: Record<Column, readonly [preact.ComponentChildren, string]> = {
        name: [plainName(t.name), t.name],
        what: [<What key="what" what={t.what} />, ""],
        change: [percent(t.change), t.change === undefined ? "" : String(t.change)],
        cosine: [short(t.cosine), String(t.cosine ?? "")],
        largest: [short(t.largest), String(t.largest ?? "")],
        equal: [
            equal === undefined ? "" : share(equal),
            `${integer(t.equal ?? 0)} of ${integer(t.elements ?? 0)}`,
        ],
        shape: [
            <>
                {shapes(t)} {odd(t) && <b class={grew(t) ? "bad" : "muted"}>{odd(t)}</b>}
            </>,
            `${half(t.was)} → ${half(t.is)}`,
        ],
    };
    return (
        <CellRow class="cells">
            {COLUMNS.map((c) => (
                <span
                    key={c}
                    role="cell"
                    class={isNumeric(c) ? "number" : ""}
                    style={{ width: `${TITLES[c][1]}ch` }}
                    title={cells[c][1]}
                >
                    {cells[c][0]}
                </span>
            ))}
        </CellRow>
    );
}
