import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'

/** A test that a page names as `` `test/file.test.ts`: "its title" ``. */
export interface NamedTest {
  readonly path: string
  /** The whole title, or its beginning. */
  readonly title: string
}

/** The tests that a text names: of a path in code, then one or several titles with `; ` between them. */
export function namedTests (text: string): NamedTest[] {
  return [...text.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:; )?)+)/g)].flatMap(([, path = '', titles = '']) => (
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ path, title }))))
}

/** True when a file, or a file of a folder, has a test whose title begins so. */
export function testExists ({ path, title }: NamedTest): boolean {
  if (!existsSync(path)) return false
  const source = sourceOf(path).replaceAll("\\'", "'")
  return [`test('${title}`, `test("${title}`, `test(\`${title}`, ` ${title}`].some((begin) => source.includes(begin))
}

function sourceOf (path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8')
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${path}/${file}`, 'utf8')).join('\n')
}
