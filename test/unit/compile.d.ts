/** Compiles what has changed since the last time, and removes what has no source any more. */
export declare function compile (): Promise<void>
