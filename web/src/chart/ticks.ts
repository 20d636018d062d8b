// SPDX-License-Identifier: Apache-2.0
// Where an axis has its marks and what stands there: durations, logarithms, steps. Pure.

const DURATIONS = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000,
];

// A distance of marks, in seconds, that is at least `least`.
export function durationStep(least: number): number {
    const found = DURATIONS.find((d) => d >= least);
    if (found) return found;
    const days = 86_400 * 10 ** Math.ceil(Math.log10(least / 86_400));
    return days / 2 >= least ? days / 2 : days;
}

export function durationTicks(min: number, max: number, room: number): number[] {
    const step = durationStep((max - min) / Math.max(1, room));
    const out: number[] = [];
    const digits = step < 1 ? 3 : 0;
    for (let i = Math.ceil(min / step); i * step <= max; i++) out.push(Number((i * step).toFixed(digits)));
    return out;
}

// "0", "250 ms", "30 s", "1:30 min", "2:05 h", "3 d 4 h": as exact as a mark needs.
export function durationText(seconds: number): string {
    if (seconds < 0) return `−${durationText(-seconds)}`;
    if (seconds === 0) return "0";
    if (seconds < 1) return `${Number((seconds * 1000).toFixed(1))} ms`;
    if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
    const pair = (n: number, unit: number, name: string): string => {
        const whole = Math.floor(n / unit);
        const rest = Math.floor((n % unit) / (unit / 60));
        return `${whole}${rest ? `:${String(rest).padStart(2, "0")}` : ""} ${name}`;
    };
    if (seconds < 3600) return pair(seconds, 60, "min");
    if (seconds < 86_400) return pair(seconds, 3600, "h");
    const hours = Math.floor((seconds % 86_400) / 3600);
    return `${Math.floor(seconds / 86_400)} d${hours ? ` ${hours} h` : ""}`;
}

// Powers of ten, and 2 and 5 of them where there is room.
export function logTicks(min: number, max: number, room: number): number[] {
    if (!(min > 0) || !(max > min)) return [];
    const decades = Math.log10(max / min);
    const within = decades * 3 <= room ? [1, 2, 5] : [1];
    const every = Math.max(1, Math.ceil(decades / Math.max(1, room)));
    const out: number[] = [];
    for (let p = Math.floor(Math.log10(min)); p <= Math.ceil(Math.log10(max)); p++) {
        if (p % every) continue;
        for (const m of within) {
            const v = Number(`${m}e${p}`);
            if (v >= min && v <= max) out.push(v);
        }
    }
    return out.length >= 2 ? out : linearTicks(min, max, room);
}

export function linearTicks(min: number, max: number, room: number): number[] {
    const least = (max - min) / Math.max(1, room);
    if (!(least > 0)) return [min];
    const power = 10 ** Math.floor(Math.log10(least));
    const step = ([1, 2, 5, 10].find((m) => m * power >= least) ?? 10) * power;
    const first = Math.ceil(min / step);
    // Neighbours that a double can hardly tell apart: so large an i does not grow by one, and the loop would not end.
    if (!Number.isSafeInteger(first)) return [min];
    const out: number[] = [];
    for (let i = first; i * step <= max + step * 1e-9; i++) out.push(Number((i * step).toPrecision(12)));
    return out;
}

// Whole steps: "1.5M", "20k", "300"; as many digits as tell neighbours apart.
export function stepText(step: number, distance: number): string {
    const size = Math.max(Math.abs(step), Math.abs(distance));
    const [unit, name] =
        size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
    const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(Math.max(distance, 1e-9) / unit) + 1e-9)));
    const text = (step / unit).toFixed(digits);
    return (digits ? text.replace(/\.?0+$/, "") : text) + (step ? name : "");
}

// `largest` of all marks decides how all of them are written.
export function numberText(value: number, distance: number, largest = Math.abs(value)): string {
    if (value === 0) return "0";
    const power = Math.floor(Math.log10(distance) + 1e-9);
    if (largest >= 1e6 || largest < 1e-2) {
        const digits = Math.max(0, Math.min(6, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - power));
        return value.toExponential(digits).replace("e+", "e");
    }
    return value.toFixed(Math.max(0, Math.min(9, -power)));
}

// Wall time in the reader's zone (milliseconds since 1970); what falls on a midnight says the date.
export function wallTicks(min: number, max: number, places: number): number[] {
    const zone = new Date(min).getTimezoneOffset() * 60_000;
    return durationTicks((min - zone) / 1000, (max - zone) / 1000, places).map((s) => s * 1000 + zone);
}

const two = (n: number): string => String(n).padStart(2, "0");

export function wallText(ms: number, distance: number): string {
    const d = new Date(ms);
    const day = `${two(d.getMonth() + 1)}-${two(d.getDate())}`;
    if (distance >= 86_400_000) return distance >= 30 * 86_400_000 ? `${d.getFullYear()}-${day}` : day;
    const time = `${two(d.getHours())}:${two(d.getMinutes())}`;
    if (time === "00:00" && distance >= 1000) return day;
    if (distance >= 60_000) return time;
    const seconds = `${time}:${two(d.getSeconds())}`;
    return distance < 1000 ? `${seconds}.${String(d.getMilliseconds()).padStart(3, "0")}` : seconds;
}
