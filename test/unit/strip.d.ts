/** Removes the types of a source file. */
export declare function strip (source: string, text: string): string
