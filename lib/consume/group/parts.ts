import type { MemoryBudget } from '../../memory-budget.js'
import type { GroupSettings } from '../../options/settings.js'
import type { TransportConsumer } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { Partition } from '../partition/partition.js'
import type { GroupState } from './group-state.js'
import type { GroupReport } from './report.js'

export interface GroupEnvironment extends Environment {
  readonly settings: GroupSettings
  /** Of all groups of the broker. @default of this group alone */
  readonly budget?: MemoryBudget
}

/** Members that the parts of one group share. */
export interface GroupParts {
  readonly groupId: string | null
  /** The assigned partitions, by {@link topicPartitionName}. */
  readonly owned: ReadonlyMap<string, Partition>
  readonly consumer: TransportConsumer
  readonly state: GroupState
  readonly report: GroupReport
  readonly environment: GroupEnvironment
}
