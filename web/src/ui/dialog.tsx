// SPDX-License-Identifier: Apache-2.0
// A modal dialog (the browser's own: it keeps the focus, and Escape closes it) and a small menu below a button.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import "./dialog.css";

export function Dialog({
    title,
    close,
    children,
    wide,
}: {
    title: string;
    close: () => void;
    children: ComponentChildren;
    wide?: boolean;
}) {
    const ref = useRef<HTMLDialogElement>(null);
    const id = useId();
    // Before it is drawn: keys that are typed at once are its own.
    useLayoutEffect(() => {
        const before = document.activeElement as HTMLElement | null;
        ref.current?.showModal();
        ref.current?.querySelector<HTMLElement>("input, textarea, select")?.focus();
        return () => before?.focus?.();
    }, []);
    return (
        <dialog
            ref={ref}
            class={wide ? "dialog dialog-wide" : "dialog"}
            aria-labelledby={id}
            onClose={close}
            onClick={(e) => {
                if (e.target === ref.current) close();
            }}
        >
            <div class="dialog-body">
                <header class="row">
                    <h2 id={id} class="grow">
                        {title}
                    </h2>
                    <button type="button" class="button plain" aria-label="Close" onClick={close}>
                        ✕
                    </button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

// Asks for something by a form, and does it when that is there.
export function AskForm({
    title,
    act,
    ready = true,
    done,
    close,
    children,
}: {
    title: string;
    act: string; // what the button says
    ready?: boolean;
    done: () => void;
    close: () => void;
    children: ComponentChildren;
}) {
    return (
        <Dialog title={title} close={close}>
            <form
                class="ask"
                onSubmit={(e) => {
                    e.preventDefault();
                    if (!ready) return;
                    close();
                    done();
                }}
            >
                {children}
                <button type="submit" class="button strong" disabled={!ready}>
                    {act}
                </button>
            </form>
        </Dialog>
    );
}

// Asks for one text: a name, a tag.
export function AskText({
    label,
    value = "",
    done,
    ...form
}: {
    title: string;
    label: string;
    value?: string;
    act: string;
    done: (text: string) => void;
    close: () => void;
}) {
    const [text, setText] = useState(value);
    return (
        <AskForm {...form} done={() => done(text)}>
            <label>
                {label}
                <input
                    class="input"
                    type="text"
                    value={text}
                    onInput={(e) => setText(e.currentTarget.value)}
                />
            </label>
        </AskForm>
    );
}

// A sign alone ("⋯") needs a name for who does not see it.
const isWords = (label: ComponentChildren): boolean => typeof label === "string" && /\p{L}{2}/u.test(label);

export interface MenuItem {
    label: ComponentChildren;
    run: () => unknown;
    hint?: string; // a key
    danger?: boolean;
    disabled?: boolean;
}

const EDGE = 8;
const into = (from: number, to: number, size: number): number =>
    Math.max(EDGE - from, Math.min(0, size - EDGE - to));

// Where a box has to go from its place so that all of it is in the window.
function useShift(box: { current: HTMLElement | null }): string {
    const [shift, setShift] = useState("");
    useLayoutEffect(() => {
        const at = box.current?.getBoundingClientRect();
        if (at)
            setShift(`${into(at.left, at.right, innerWidth)}px ${into(at.top, at.bottom, innerHeight)}px`);
    }, []);
    return shift;
}

// The items, with the keys that choose among them; Escape and a choice close.
function MenuList({ items, close }: { items: readonly MenuItem[]; close: () => void }) {
    const list = useRef<HTMLDivElement>(null);
    const shift = useShift(list);
    const usable = (): HTMLElement[] => [
        ...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)") ?? []),
    ];
    useLayoutEffect(() => usable()[0]?.focus(), []);

    function onKey(e: KeyboardEvent): void {
        if (!["Escape", "Tab", "ArrowDown", "ArrowUp"].includes(e.key)) return;
        e.preventDefault();
        e.stopPropagation();
        if (e.key === "Escape" || e.key === "Tab") {
            close();
            return;
        }
        const all = usable();
        const at = all.indexOf(document.activeElement as HTMLElement);
        all.at((at + (e.key === "ArrowDown" ? 1 : -1)) % all.length)?.focus();
    }

    return (
        <div ref={list} class="menu-list" style={{ translate: shift }} role="menu" onKeyDown={onKey}>
            {items.map((item, i) => (
                <button
                    key={i}
                    type="button"
                    role="menuitem"
                    class={item.danger ? "pick danger" : "pick"}
                    disabled={item.disabled}
                    onClick={() => {
                        close();
                        void item.run();
                    }}
                >
                    <span class="grow">{item.label}</span>
                    {item.hint && <kbd>{item.hint}</kbd>}
                </button>
            ))}
        </div>
    );
}

// Closes when something else is pressed.
function useAway(box: { current: HTMLElement | null }, open: boolean, close: () => void): void {
    useEffect(() => {
        if (!open) return undefined;
        const away = (e: PointerEvent): void => {
            if (!box.current?.contains(e.target as Node)) close();
        };
        document.addEventListener("pointerdown", away);
        return () => document.removeEventListener("pointerdown", away);
    }, [open]);
}

export function Menu({
    label,
    items,
    title,
    class: className = "button",
}: {
    label: ComponentChildren;
    items: readonly MenuItem[] | (() => readonly MenuItem[]); // a function: made when it opens
    title?: string;
    class?: string;
}) {
    const [open, setOpen] = useState(false);
    const box = useRef<HTMLDivElement>(null);
    useAway(box, open, () => setOpen(false));
    return (
        <div class="menu" ref={box}>
            <button
                type="button"
                class={className}
                title={title}
                aria-label={isWords(label) ? undefined : title}
                aria-haspopup="menu"
                aria-expanded={open}
                onClick={() => setOpen(!open)}
            >
                {label}
            </button>
            {open && (
                <MenuList
                    items={typeof items === "function" ? items() : items}
                    close={() => {
                        setOpen(false);
                        box.current?.querySelector("button")?.focus();
                    }}
                />
            )}
        </div>
    );
}

// At a point of the window, for a right click; gives the focus back where it was.
export function MenuAt({
    x,
    y,
    items,
    close,
}: {
    x: number;
    y: number;
    items: readonly MenuItem[];
    close: () => void;
}) {
    const box = useRef<HTMLDivElement>(null);
    useAway(box, true, close);
    const before = useRef(document.activeElement as HTMLElement | null); // the list takes the focus before any effect here
    useLayoutEffect(() => () => before.current?.focus?.(), []);
    return (
        <div ref={box} class="menu-at" style={{ left: `${x}px`, top: `${y}px` }}>
            <MenuList items={items} close={close} />
        </div>
    );
}
