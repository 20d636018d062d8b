// SPDX-License-Identifier: Apache-2.0
// Events as rows: when, to what, what was done, by whom and why.
import type { Event } from "../../api/client";
import { plainName } from "../../base/text";
import { Headings } from "../../ui/headings";
import { When, Who } from "../repos/parts";
import { doneOf, thingOf, told } from "./words";
import "./activity.css";

export function EventTable({
    events,
    repos,
    within = "",
}: {
    events: readonly Event[];
    repos: ReadonlySet<string>; // that are there
    within?: string; // the repo whose log it is
}) {
    return (
        <div class="panel list">
            <table>
                <Headings of={[["When", "when"], "What", "Done", ["By", "narrow"], ["Why", "narrow"]]} />
                <tbody>
                    {events.map((e) => {
                        const { title, href } = thingOf(e, repos, within);
                        const reason = plainName(told(e, "reason") || told(e, "message"));
                        return (
                            <tr key={e.number}>
                                <td class="when" title={`event ${e.number}`}>
                                    <When us={e.time_us} />
                                </td>
                                <td class="given">
                                    {href ? (
                                        <a href={href} title={e.object}>
                                            {title}
                                        </a>
                                    ) : (
                                        <span title={e.object}>{title}</span>
                                    )}
                                </td>
                                <td>
                                    <span class="given">{doneOf(e)}</span>
                                    <span class="activity-more muted">
                                        by <Who user={e.user} proven={e.proven} />
                                        {reason && <span class="given">: {reason}</span>}
                                    </span>
                                </td>
                                <td class="narrow">
                                    <Who user={e.user} proven={e.proven} />
                                </td>
                                <td class="narrow given">{reason}</td>
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}
