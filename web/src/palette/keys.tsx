// SPDX-License-Identifier: Apache-2.0
export function Keys({ close }: { close: () => void }) {
    return (
        <button type="button" onClick={close}>
            close
        </button>
    );
}
