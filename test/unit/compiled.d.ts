/** Whether a process runs a compiled test file. */
export declare function runsCompiled (main?: string): boolean
/** The address of a source file. */
export declare function addressOf (source: string): string
