import { type Equivalent, inFile } from './equivalent.js'

/* Mutants of lib/broker/ that change nothing which a caller can see. */

const SAME_WAY = 'Results that pass no middlewares come out of the other way, too: the check spares promises.'

export const IN_BROKER: readonly Equivalent[] = [
  ...inFile('broker/batch-results.ts',
    ['if (!prepared.every(isAlone)) return inScope(prepared, refuse)', ['true'], SAME_WAY],
    ['function isAlone (result: PreparedResult): result is readonly Prepared[] {', ['{}'], SAME_WAY]),
  ...inFile('broker/layers.ts',
    ["const [name = ''] = pluginName.split(' -> ')",
      ['"Stryker was here!"'], 'What is split has a first part: the default tells the compiler so.']),
  ...inFile('broker/places.ts',
    ['if (single !== undefined) return single',
      ['false'], 'The only place is the nearest one: the check spares the walk.']),
  ...inFile('broker/plan.ts',
    ['const { layers = [], deadLetterTopics } = around',
      ['["Stryker was here"]'], 'A text that stands for a layer has no options.'],
    ['return patterns.length === 0 ? topics : topics.filter((topic) => !patterns.some(({ text }) => text === topic))',
      ['false'], 'Without patterns the filter leaves each topic: the check spares a list.'])
]
