// SPDX-License-Identifier: Apache-2.0
// The tensors of a file of weights: name, type, shape, size; sums by type; what else its header says. Only the header is read.
import { useMemo, useState } from "preact/hooks";
import { bytes, plural, shortCount } from "../base/format";
import { matcher, naturally } from "../base/text";
import { Find } from "../ui/find";
import { useLoad } from "../ui/load";
import { Failed, Skeleton } from "../ui/parts";
import { CellRow, type SortOf, Title } from "./cells";
import { readGguf } from "./gguf";
import { Rows } from "./rows";
import { readSafetensors } from "./safetensors";
import type { FileSource } from "./source";
import { BadFile, elements, type Tensor, type TensorFile } from "./tensors";

const HEIGHT = 24;

async function readHeader(source: FileSource): Promise<TensorFile | string> {
    try {
        const head = await source.read(0, 4);
        const isGguf = new TextDecoder().decode(head) === "GGUF";
        return await (isGguf ? readGguf(source) : readSafetensors(source));
    } catch (e) {
        if (e instanceof BadFile) return e.message;
        throw e;
    }
}

export default function TensorView({ source }: { source: FileSource }) {
    const key = `${source.holder} ${source.file.path} ${source.file.digest}`;
    const load = useLoad(key, () => readHeader(source));
    if (load.problem) return <Failed problem={load.problem} retry={load.reload} />;
    if (load.data === undefined) return <Skeleton lines={8} />;
    if (typeof load.data === "string")
        return (
            <div class="viewer-note" role="alert">
                <h3 class="bad">This file is not readable as weights</h3>
                <p>
                    The reason: {load.data}. It may be damaged or cut; its bytes are still there to look at.
                </p>
            </div>
        );
    return <Tensors file={load.data} size={source.size} />;
}

type Column = "name" | "dtype" | "shape" | "elements" | "bytes" | "offset";
const COLUMNS: readonly [Column, string, number][] = [
    ["name", "Tensor", 52],
    ["dtype", "Type", 10],
    ["shape", "Shape", 22],
    ["elements", "Elements", 12],
    ["bytes", "Size", 11],
    ["offset", "Offset", 16],
];

function compare(a: Tensor, b: Tensor, by: string): number {
    if (by === "name" || by === "dtype") return naturally(a[by], b[by]);
    if (by === "shape" || by === "elements") return elements(a.shape) - elements(b.shape);
    return by === "bytes" ? a.bytes - b.bytes : a.offset - b.offset;
}

// Parameters and bytes by type.
function sums(tensors: readonly Tensor[]): [string, number, number][] {
    const by = new Map<string, [number, number]>();
    for (const t of tensors) {
        const [n, size] = by.get(t.dtype) ?? [0, 0];
        by.set(t.dtype, [n + elements(t.shape), size + t.bytes]);
    }
    return [...by]
        .map(([dtype, [n, size]]): [string, number, number] => [dtype, n, size])
        .sort((a, b) => b[2] - a[2]);
}

function Tensors({ file, size }: { file: TensorFile; size: number }) {
    const [find, setFind] = useState("");
    const [sort, setSort] = useState<SortOf>({ by: "offset", down: false });
    const shown = useMemo(() => {
        const keep = matcher(find);
        const sign = sort.down ? -1 : 1;
        return file.tensors.filter((t) => keep(t.name)).sort((a, b) => sign * compare(a, b, sort.by));
    }, [file, find, sort]);
    const cut = useMemo(() => file.tensors.filter((t) => t.offset + t.bytes > size).length, [file, size]);
    const totals = useMemo(() => sums(file.tensors), [file]);
    const head = (
        <CellRow class="cells cells-head">
            {COLUMNS.map(([id, title, width]) => (
                <Title
                    key={id}
                    id={id}
                    title={title}
                    class={id === "name" || id === "dtype" || id === "shape" ? "" : "number"}
                    style={{ width: `${width}ch` }}
                    sort={sort}
                    choose={setSort}
                />
            ))}
        </CellRow>
    );
    return (
        <div class="viewer">
            <div class="viewer-bar">
                <span>
                    {file.format}: {plural(file.tensors.length, "tensor")}
                </span>
                {totals.map(([dtype, n, size]) => (
                    <span key={dtype} title={`${n.toLocaleString("en")} elements`}>
                        {dtype} {shortCount(n)} · {bytes(size)}
                    </span>
                ))}
                <Find
                    label="Find tensors"
                    placeholder="Find tensors (regular expression)"
                    value={find}
                    change={setFind}
                />
            </div>
            {cut > 0 && (
                <p class="viewer-bar bad">
                    {plural(cut, "tensor")} would lie beyond the end of this file: it is cut.
                </p>
            )}
            {file.metadata.length > 0 && <Metadata list={file.metadata} />}
            <Rows
                count={shown.length}
                height={HEIGHT}
                headHeight={HEIGHT}
                label="Tensors"
                role="table"
                wide={COLUMNS.reduce((sum, c) => sum + c[2], 0)}
                head={head}
                row={(i) => <TensorRow key={i} tensor={shown[i] as Tensor} />}
            />
        </div>
    );
}

function TensorRow({ tensor: t }: { tensor: Tensor }) {
    const cells: Record<Column, string> = {
        name: t.name,
        dtype: t.dtype,
        shape: t.shape.length ? t.shape.join(" × ") : "a number",
        elements: elements(t.shape).toLocaleString("en"),
        bytes: bytes(t.bytes),
        offset: t.offset.toLocaleString("en"),
    };
    return (
        <CellRow class="cells">
            {COLUMNS.map(([id, , width], i) => (
                <span
                    key={id}
                    role="cell"
                    class={i > 2 ? "number" : ""}
                    style={{ width: `${width}ch` }}
                    title={id === "bytes" ? `${t.bytes.toLocaleString("en")} bytes` : cells[id]}
                >
                    {cells[id]}
                </span>
            ))}
        </CellRow>
    );
}

function Metadata({ list }: { list: readonly [string, string][] }) {
    return (
        <details class="metadata">
            <summary>{plural(list.length, "entry", "entries")} of metadata</summary>
            <dl>
                {list.slice(0, 1000).map(([key, value], i) => (
                    <div key={i} class="pair">
                        <dt>{key}</dt>
                        <dd>{value.slice(0, 2000)}</dd>
                    </div>
                ))}
            </dl>
        </details>
    );
}
