// SPDX-License-Identifier: Apache-2.0
// Pictures, sounds and films. They come as blobs whose type is chosen here by the file's name, and only <img>, <audio> and
// <video> show them: an SVG's script does not run there.
import { useEffect, useState } from "preact/hooks";
import { apiUrl, canLink, type Problem } from "../api/client";
import { filesPath, wholeFile } from "../api/files";
import { bytes } from "../base/format";
import { useLoad } from "../ui/load";
import { Failed, Skeleton } from "../ui/parts";
import { AUDIO_TYPES, extensionOf, IMAGE_TYPES, VIDEO_TYPES } from "./kind";
import type { FileSource } from "./source";

const BLOB_MAX = 64 << 20;

// The address of a file's blob while the component lives.
function useBlob(
    holder: string,
    path: string,
    type: string,
    digest = "",
): { url?: string; problem?: Problem } {
    const load = useLoad(`${holder} ${path} ${digest}`, (signal) => wholeFile(holder, path, signal));
    const [made, setMade] = useState<{ data: Uint8Array; url: string } | null>(null);
    const data = load.data;
    useEffect(() => {
        if (!data) return undefined;
        const url = URL.createObjectURL(new Blob([data as Uint8Array<ArrayBuffer>], { type }));
        setMade({ data, url });
        // Whoever shows the old one keeps it until the new one is drawn.
        return () => void setTimeout(() => URL.revokeObjectURL(url), 1000);
    }, [data, type]);
    if (load.problem) return { problem: load.problem };
    return made ? { url: made.url } : {};
}

export const imageType = (path: string): string => IMAGE_TYPES[extensionOf(path)] ?? "image/png";

export function BlobImage({ holder, path, alt }: { holder: string; path: string; alt?: string }) {
    const { url, problem } = useBlob(holder, path, imageType(path));
    const [broken, setBroken] = useState(false);
    useEffect(() => setBroken(false), [url]);
    if (problem) return <p class="muted">{problem.message}</p>;
    if (broken) return <p class="muted">This file is no picture that the browser can read.</p>;
    return url ? <img src={url} alt={alt ?? path} onError={() => setBroken(true)} /> : <Skeleton />;
}

export default function PictureView({ source }: { source: FileSource }) {
    const { path, digest } = source.file;
    if (source.size > BLOB_MAX) return <TooLarge size={source.size} />;
    return <Picture key={`${path} ${digest}`} holder={source.holder} path={path} digest={digest ?? ""} />;
}

function Picture({ holder, path, digest }: { holder: string; path: string; digest: string }) {
    const { url, problem } = useBlob(holder, path, imageType(path), digest);
    const [whole, setWhole] = useState(false);
    const [size, setSize] = useState<readonly [number, number] | null>(null);
    const [broken, setBroken] = useState(false);
    if (problem) return <Failed problem={problem} />;
    if (broken)
        return <p class="viewer-note">The browser can not read this picture. Its bytes may still be fine.</p>;
    if (!url) return <Skeleton lines={8} />;
    return (
        <div class="viewer">
            <div class="viewer-bar">
                <span class="grow">{size && `${size[0]} × ${size[1]} pixels`}</span>
                <button
                    type="button"
                    class="button"
                    aria-pressed={whole}
                    title="A pixel of the picture is a pixel of the screen"
                    onClick={() => setWhole(!whole)}
                >
                    100 %
                </button>
            </div>
            <div class="viewer-scroll">
                <div class={whole ? "picture picture-whole" : "picture"}>
                    <img
                        src={url}
                        alt={path}
                        onError={() => setBroken(true)}
                        onLoad={(e) => setSize([e.currentTarget.naturalWidth, e.currentTarget.naturalHeight])}
                    />
                </div>
            </div>
        </div>
    );
}

function TooLarge({ size }: { size: number }) {
    return <p class="viewer-note">{bytes(size)} are too much to show here. Download the file to see it.</p>;
}

export function MediaView({ source, film }: { source: FileSource; film?: boolean }) {
    const { path } = source.file;
    const type = (film ? VIDEO_TYPES : AUDIO_TYPES)[extensionOf(path)] ?? "";
    // The browser reads it by ranges itself where it may.
    if (canLink()) return <Media url={apiUrl(filesPath(source.holder, path))} film={film ?? false} />;
    if (source.size > BLOB_MAX) return <TooLarge size={source.size} />;
    return <MediaBlob holder={source.holder} path={path} type={type} film={film ?? false} />;
}

function MediaBlob({
    holder,
    path,
    type,
    film,
}: {
    holder: string;
    path: string;
    type: string;
    film: boolean;
}) {
    const { url, problem } = useBlob(holder, path, type);
    if (problem) return <Failed problem={problem} />;
    return url ? <Media url={url} film={film} /> : <Skeleton />;
}

function Media({ url, film }: { url: string; film: boolean }) {
    const [broken, setBroken] = useState(false);
    if (broken)
        return <p class="viewer-note">The browser can not play this file. Its bytes may still be fine.</p>;
    const shared = {
        src: url,
        controls: true,
        class: "media",
        preload: "metadata" as const,
        onError: () => setBroken(true),
    };
    // What was logged has no captions.
    return film ? <video {...shared} /> : <audio {...shared} />;
}
