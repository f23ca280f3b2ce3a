import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'

/** A member of a public interface, with its comment and its type as text. */
export interface TypeMember {
  readonly owner: string
  readonly name: string
  readonly text: string
  /** Its name, and those of the members of its type: `commit`, `interval`, `count`. */
  readonly names: readonly string[]
}

const FILES = [
  ...readdirSync('types').filter((file) => !file.endsWith('.test-d.ts')).map((file) => `types/${file}`),
  ...readdirSync('lib/testing').filter((file) => file.endsWith('.ts')).map((file) => `lib/testing/${file}`)
]

/** Every member of every exported interface of types/ and lib/testing/. */
export const MEMBERS: readonly TypeMember[] = FILES.flatMap((file) => {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  return source.statements.filter(ts.isInterfaceDeclaration).flatMap(({ name: owner, members }) => {
    return members.flatMap((member) => {
      if (member.name === undefined) return []
      return [{
        owner: owner.text, name: member.name.getText(), text: member.getFullText(), names: namesIn(member)
      }]
    })
  })
})

function namesIn (node: ts.Node): string[] {
  const names = ts.isTypeElement(node) && node.name !== undefined ? [node.name.getText()] : []
  node.forEachChild((child) => { names.push(...namesIn(child)) })
  return names
}

/** Members of the interfaces of options, by name: of several interfaces where they share it. */
export function optionsNamed (name: string): readonly TypeMember[] {
  return MEMBERS.filter((member) => member.name === name && /Options$|^Documentation$|^TopicConfig$/.test(member.owner))
}
