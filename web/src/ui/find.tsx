// SPDX-License-Identifier: Apache-2.0
// The box that finds something among what a screen shows.
import { isPattern } from "../base/text";

export function Find({
    label, // for who does not see it
    placeholder = label,
    value,
    change,
    class: more = "",
    id,
}: {
    label: string;
    placeholder?: string;
    value: string;
    change: (text: string) => void;
    class?: string;
    id?: string;
}) {
    return (
        <input
            id={id}
            class={`input ${more}`}
            type="search"
            placeholder={placeholder}
            aria-label={label}
            value={value}
            onInput={(e) => change(e.currentTarget.value)}
        />
    );
}

// Below a box that takes a regular expression.
export function PatternNote({ pattern }: { pattern: string }) {
    if (isPattern(pattern)) return null;
    return (
        <p class="warn" role="status">
            That is no regular expression: these letters themselves are looked for.
        </p>
    );
}
