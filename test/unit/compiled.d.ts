/** Whether a process runs a compiled test file. */
export declare function runsCompiled (main?: string): boolean
