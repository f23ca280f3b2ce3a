import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { FASTSTREAM_ERR_LOCAL_KAFKA } from '../../errors.js'
import { codeOf, membersOf } from '../../members.js'
import { toError } from '../../to-error.js'

/** Characters of what a program has said that an error shows. */
const SHOWN = 2000

/**
 * Runs a program to its end.
 *
 * @throws FASTSTREAM_ERR_LOCAL_KAFKA with `missing` when there is no such program, else with what it has said
 */
export async function run (program: string, args: readonly string[], missing: string): Promise<void> {
  try {
    await promisify(execFile)(program, args)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw new FASTSTREAM_ERR_LOCAL_KAFKA(missing, { cause })
    const { stdout, stderr } = membersOf(toError(cause))
    const said = `${String(stdout)}${String(stderr)}`.trim().slice(-SHOWN)
    throw new FASTSTREAM_ERR_LOCAL_KAFKA(`${program} failed:\n${said}`, { cause })
  }
}
