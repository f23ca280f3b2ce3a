import type { Equivalent } from './equivalents.js'

/* Mutants of lib/broker/ that change nothing which a caller can see. */

const SAME_WAY = 'Results that pass no middlewares come out of the other way, too: the check spares promises.'

/** Mutants of one file: its line, what stands there instead, and the reason. */
function inFile (
  file: string, ...rows: ReadonlyArray<readonly [line: string, to: readonly string[], reason: string]>
): readonly Equivalent[] {
  return rows.flatMap(([line, mutants, reason]) => mutants.map((to) => ({ file: `broker/${file}`, line, to, reason })))
}

export const IN_BROKER: readonly Equivalent[] = [
  ...inFile('batch-results.ts',
    ['if (!prepared.every(isAlone)) return inScope(prepared, refuse)', ['true'], SAME_WAY],
    ['function isAlone (result: PreparedResult): result is readonly Prepared[] {', ['{}'], SAME_WAY]),
  ...inFile('layers.ts',
    ["const [name = ''] = pluginName.split(' -> ')",
      ['"Stryker was here!"'], 'What is split has a first part: the default tells the compiler so.']),
  ...inFile('places.ts',
    ['if (single !== undefined) return single',
      ['false'], 'The only place is the nearest one: the check spares the walk.']),
  ...inFile('plan.ts',
    ['const { layers = [], deadLetterTopics } = around',
      ['["Stryker was here"]'], 'A text that stands for a layer has no options.'],
    ['return patterns.length === 0 ? topics : topics.filter((topic) => !patterns.some(({ text }) => text === topic))',
      ['false'], 'Without patterns the filter leaves each topic: the check spares a list.'])
]
