/** The reason why a text in a syntax tree of Babel is no mutant; undefined for one that is. */
export declare function isProse (path: { readonly node: object }): string | undefined
