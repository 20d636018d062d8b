// SPDX-License-Identifier: Apache-2.0
// Any file as bytes: sixteen a row, read where one looks, however long it is.
import { useEffect, useState } from "preact/hooks";
import { Rows } from "./rows";
import type { FileSource } from "./source";

const HEIGHT = 18;
const BLOCK = 32 << 10;
const ROW = 16;

const hex = (n: number, width: number): string => n.toString(16).padStart(width, "0");
const shown = (b: number): string => (b >= 32 && b < 127 ? String.fromCharCode(b) : "·");

export default function HexView({ source }: { source: FileSource }) {
    const [blocks, setBlocks] = useState<ReadonlyMap<number, Uint8Array>>(new Map());
    const [sight, setSight] = useState<readonly [number, number]>([0, 0]);
    useEffect(() => setBlocks(new Map()), [source]);
    useEffect(() => {
        let over = false;
        const wanted: number[] = [];
        for (let b = Math.floor((sight[0] * ROW) / BLOCK); b * BLOCK < sight[1] * ROW; b++) wanted.push(b);
        for (const b of wanted) {
            if (blocks.has(b)) continue;
            source.read(b * BLOCK, BLOCK).then(
                (read) => {
                    if (!over) setBlocks((old) => new Map([...[...old].slice(-15), [b, read]]));
                },
                () => undefined, // the row stays empty; scrolling asks again
            );
        }
        return () => {
            over = true;
        };
    }, [source, sight, blocks]);
    const width = Math.max(8, hex(source.size, 0).length);
    if (!source.size) return <p class="viewer-note muted">This file is empty.</p>;
    return (
        <div class="viewer">
            <Rows
                count={Math.ceil(source.size / ROW)}
                height={HEIGHT}
                label="Bytes of the file"
                onSight={(from, to) => setSight([from, to])}
                row={(i) => <HexRow key={i} at={i * ROW} width={width} blocks={blocks} />}
            />
        </div>
    );
}

function HexRow({
    at,
    width,
    blocks,
}: {
    at: number;
    width: number;
    blocks: ReadonlyMap<number, Uint8Array>;
}) {
    const block = blocks.get(Math.floor(at / BLOCK));
    const bytes = [...(block?.subarray(at % BLOCK, (at % BLOCK) + ROW) ?? [])];
    const digits = bytes.map((b) => hex(b, 2));
    return (
        <div class="line" role="listitem">
            <span class="line-number">{hex(at, width)}</span>
            <span class="line-text">
                {`${digits.slice(0, 8).join(" ").padEnd(23)}  ${digits.slice(8).join(" ").padEnd(23)}`}
            </span>
            <span class="line-text muted">{bytes.map(shown).join("")}</span>
        </div>
    );
}
