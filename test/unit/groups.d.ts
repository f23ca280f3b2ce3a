/** Lets the compiled tests find tap in `group.js`. */
export declare function writeTap (): void
