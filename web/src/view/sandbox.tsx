// SPDX-License-Identifier: Apache-2.0
// A page of HTML as it looks, in a frame that can do nothing: no script, no origin, no forms, no windows. It is a blob, so the
// rules of this page hold in it too and it loads nothing from anywhere.
import { useEffect, useState } from "preact/hooks";
import { useLoad } from "../ui/load";
import { Failed, Skeleton } from "../ui/parts";
import type { FileSource } from "./source";

const SIZE_MAX = 16 << 20;

export default function SandboxView({ source }: { source: FileSource }) {
    const load = useLoad(`${source.holder} ${source.file.path} ${source.file.digest}`, () =>
        source.read(0, SIZE_MAX),
    );
    const [url, setUrl] = useState("");
    const data = load.data;
    useEffect(() => {
        if (!data) return undefined;
        const made = URL.createObjectURL(
            new Blob([data as Uint8Array<ArrayBuffer>], { type: "text/html; charset=utf-8" }),
        );
        setUrl(made);
        return () => URL.revokeObjectURL(made);
    }, [data]);
    if (load.problem) return <Failed problem={load.problem} retry={load.reload} />;
    if (!url) return <Skeleton lines={8} />;
    return (
        <div class="viewer">
            <p class="viewer-bar">Scripts, styles within the page and everything from elsewhere are off.</p>
            <iframe
                class="sandbox"
                sandbox=""
                src={url}
                title={source.file.path}
                referrerpolicy="no-referrer"
            />
        </div>
    );
}
