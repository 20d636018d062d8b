// SPDX-License-Identifier: Apache-2.0
// The head of a plain table: a heading a column, with the class that its cells have. One that is hidden is for who does
// not see the column.
export type Heading = string | readonly [title: string, look: string, hidden?: "hidden"];

export function Headings({ of }: { of: readonly Heading[] }) {
    return (
        <thead>
            <tr>
                {of.map((heading) => {
                    const [title, look, hidden] = typeof heading === "string" ? [heading, ""] : heading;
                    return (
                        <th key={title} scope="col" class={look || undefined}>
                            {hidden ? <span class="hidden">{title}</span> : title}
                        </th>
                    );
                })}
            </tr>
        </thead>
    );
}
