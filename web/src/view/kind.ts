// SPDX-License-Identifier: Apache-2.0
// Which viewers fit a file, by its name and its first bytes. The first of the list is shown at first. Pure.

export type View =
    | "text"
    | "json"
    | "jsonl"
    | "table"
    | "image"
    | "audio"
    | "video"
    | "tensors"
    | "markdown"
    | "patch"
    | "page" // HTML in a sandbox
    | "facts"
    | "hex";

export const VIEW_NAMES: Record<View, string> = {
    text: "Text",
    json: "Tree",
    jsonl: "Rows",
    table: "Table",
    image: "Image",
    audio: "Audio",
    video: "Video",
    tensors: "Tensors",
    markdown: "Page",
    patch: "Changes",
    page: "Sandbox",
    facts: "About",
    hex: "Bytes",
};

// Types that browsers show, by extension: blobs get these, never what the server or the file says.
export const IMAGE_TYPES: Readonly<Record<string, string>> = {
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    gif: "image/gif",
    webp: "image/webp",
    avif: "image/avif",
    bmp: "image/bmp",
    ico: "image/x-icon",
    svg: "image/svg+xml",
};
export const AUDIO_TYPES: Readonly<Record<string, string>> = {
    wav: "audio/wav",
    mp3: "audio/mpeg",
    ogg: "audio/ogg",
    opus: "audio/ogg",
    flac: "audio/flac",
    m4a: "audio/mp4",
    aac: "audio/aac",
};
export const VIDEO_TYPES: Readonly<Record<string, string>> = {
    mp4: "video/mp4",
    m4v: "video/mp4",
    webm: "video/webm",
    mov: "video/quicktime",
};

const FACTS: Readonly<Record<string, string>> = {
    parquet: "A Parquet table. It is read by pandas, DuckDB and others; this page shows its bytes.",
    pkl: "A pickle. Loading one runs code that is in it, so nothing here does.",
    pickle: "A pickle. Loading one runs code that is in it, so nothing here does.",
    pt: "A PyTorch file. It is a zip of pickles: loading one may run code, so nothing here does.",
    pth: "A PyTorch file. It is a zip of pickles: loading one may run code, so nothing here does.",
    ckpt: "A checkpoint. It is most likely a zip of pickles: loading one may run code.",
    joblib: "A joblib file. It is a pickle: loading one may run code.",
    npy: "A NumPy array.",
    npz: "A zip of NumPy arrays.",
    zip: "A zip archive.",
    gz: "Compressed with gzip.",
    tar: "A tar archive.",
    tgz: "A tar archive, compressed with gzip.",
    zst: "Compressed with zstd.",
    pdf: "A PDF document: download it to read it.",
    onnx: "An ONNX model.",
    h5: "An HDF5 file.",
};

export const extensionOf = (path: string): string => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const dot = name.lastIndexOf(".");
    return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
};

export const factsOf = (path: string): string => FACTS[extensionOf(path)] ?? "";

const begins = (head: Uint8Array, text: string): boolean =>
    [...text].every((c, i) => head[i] === c.charCodeAt(0));

// Text has no zero bytes and few control characters. UTF-16 says so by its mark.
export function looksLikeText(head: Uint8Array): boolean {
    if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return true;
    let odd = 0;
    for (const b of head) {
        if (b === 0) return false;
        if (b < 32 && b !== 9 && b !== 10 && b !== 13 && b !== 12 && b !== 27 && b !== 8) odd++;
    }
    return odd * 50 <= head.length;
}

function byBytes(head: Uint8Array): View[] | null {
    if (begins(head, "GGUF")) return ["tensors", "hex"];
    if (begins(head, "PAR1")) return ["facts", "hex"];
    if (begins(head, "\x89PNG") || begins(head, "GIF8") || begins(head, "\xff\xd8\xff"))
        return ["image", "hex"];
    if (begins(head, "RIFF") && begins(head.subarray(8), "WEBP")) return ["image", "hex"];
    return null;
}

function textViews(extension: string): View[] {
    if (extension === "json" || extension === "ipynb" || extension === "geojson") return ["json", "text"];
    if (extension === "jsonl" || extension === "ndjson") return ["jsonl", "text"];
    if (extension === "csv" || extension === "tsv") return ["table", "text"];
    if (extension === "md" || extension === "markdown") return ["markdown", "text"];
    if (extension === "diff" || extension === "patch") return ["patch", "text"];
    if (extension === "html" || extension === "htm" || extension === "xhtml") return ["text", "page"];
    if (extension === "svg") return ["image", "text"];
    return ["text"];
}

export function viewsOf(path: string, head: Uint8Array): View[] {
    const extension = extensionOf(path);
    if (extension === "safetensors" || extension === "gguf") return ["tensors", "hex"];
    if (FACTS[extension]) return ["facts", "hex"];
    if (looksLikeText(head)) return [...textViews(extension), "hex"];
    const bytes = byBytes(head);
    if (bytes) return bytes;
    if (IMAGE_TYPES[extension]) return ["image", "hex"];
    if (AUDIO_TYPES[extension]) return ["audio", "hex"];
    if (VIDEO_TYPES[extension]) return ["video", "hex"];
    return ["hex"];
}
