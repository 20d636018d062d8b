// SPDX-License-Identifier: Apache-2.0
export function Home() {
    return <p>Home</p>;
}
