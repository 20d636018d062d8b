// SPDX-License-Identifier: Apache-2.0
// What holds for all charts: kind of x, smoothing, logarithms, search of keys, the way back from a zoom.
import { plural } from "../base/format";
import { Find } from "../ui/find";
import { useLate } from "../ui/late";
import type { Remembered } from "./remember";
import { type Settings, setBand, setFind, setLog, setSmooth, settings, setX, setZoom } from "./settings";
import type { XMode } from "./trace";

export function Toolbar({
    grouped,
    keys,
    hidden,
    remember,
}: {
    grouped: boolean;
    keys: number;
    hidden: readonly string[];
    remember: (change: Partial<Remembered>) => void;
}) {
    const s = settings.value;
    return (
        <div class="chart-tools" role="toolbar" aria-label="Charts">
            <Search find={s.find} keys={keys} />
            <label>
                <span class="muted">x </span>
                <select class="input" value={s.x} onChange={(e) => setX(e.currentTarget.value as XMode)}>
                    <option value="step">step</option>
                    <option value="rel">relative time</option>
                    <option value="wall">wall time</option>
                </select>
            </label>
            <Smoothing weight={s.smooth} />
            <button
                type="button"
                class="button"
                aria-pressed={s.logX}
                onClick={() => setLog(!s.logX, s.logY)}
            >
                log x
            </button>
            <button
                type="button"
                class="button"
                aria-pressed={s.logY}
                onClick={() => setLog(s.logX, !s.logY)}
            >
                log y
            </button>
            {grouped && (
                <label>
                    <span class="muted">band </span>
                    <select
                        class="input"
                        value={s.band}
                        onChange={(e) => setBand(e.currentTarget.value as Settings["band"])}
                    >
                        <option value="range">min to max</option>
                        <option value="deviation">mean ± deviation</option>
                    </select>
                </label>
            )}
            {s.zoom && (
                <button type="button" class="button" onClick={() => setZoom(null)}>
                    Whole range
                </button>
            )}
            {hidden.length > 0 && (
                <button type="button" class="button plain" onClick={() => remember({ hidden: [] })}>
                    Show {plural(hidden.length, "hidden chart")}
                </button>
            )}
        </div>
    );
}

function Search({ find, keys }: { find: string; keys: number }) {
    const [text, setText] = useLate(find, setFind);
    return (
        <Find
            class="chart-find"
            label="Find charts by regular expression"
            placeholder={`Find among ${plural(keys, "chart")} (regular expression)`}
            value={text}
            change={setText}
        />
    );
}

// Most of a slider's way is where weights are near 1.
const weightOf = (place: number): number => Number((1 - (1 - place / 100) ** 2).toFixed(4));
const placeOf = (weight: number): number => Math.round((1 - Math.sqrt(1 - weight)) * 100);

function Smoothing({ weight }: { weight: number }) {
    const [now, setNow] = useLate(weight, setSmooth);
    return (
        <label class="row">
            <span class="muted">smooth</span>
            <input
                type="range"
                min={0}
                max={97}
                aria-label="Smoothing"
                aria-valuetext={String(now)}
                value={placeOf(now)}
                onInput={(e) => setNow(weightOf(Number(e.currentTarget.value)))}
            />
            <output class="chart-weight">{now ? now.toFixed(now > 0.99 ? 4 : 2) : "off"}</output>
        </label>
    );
}
