import { readdirSync, readFileSync } from 'node:fs'

/** A block of code in a page of the documentation. */
export interface Block {
  readonly page: string
  /** Where the block begins. */
  readonly line: number
  readonly language: string
  /** Named by its first line (`// app.ts`); undefined for a part of a program. */
  readonly file: string | undefined
  readonly code: string
}

/** The pages that people read, by their paths. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  [...readdirSync('.'), ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`)]
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, readFileSync(path, 'utf8')])
)

/** All blocks of code of a page. */
export function blocksOf (page: string): Block[] {
  const text = PAGES.get(page) ?? ''
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ index, 1: language = '', 2: code = '' }) => {
    const [, file] = /^\/\/ (\S+\.ts)\n/.exec(code) ?? []
    return { page, line: text.slice(0, index).split('\n').length, language, file, code }
  })
}
