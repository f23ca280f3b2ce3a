import type { ErrorAnswer, Requests } from '../kafka/wire.js'
import { mapping, same } from './mapping.js'

/** Kafka's types of resources. */
const RESOURCES = { topic: 2, node: 4 } as const

interface ConfigEntry { readonly configName: string, readonly configValue: string | null }

export const DescribeConfigs = mapping<'DescribeConfigs', {
  readonly resources: ReadonlyArray<ErrorAnswer & {
    readonly resourceType: number, readonly resourceName: string, readonly configEntries: readonly ConfigEntry[]
  }>
}>({
  kafkajs: 'DescribeConfigs',
  versions: { min: 1, max: 2 },
  toParameters: ({ resources, names }) => ({
    includeSynonyms: false,
    resources: resources.map(({ type, name }) => ({ type: RESOURCES[type], name, configNames: names }))
  }),
  toAnswer: ({ resources }) => ({
    resources: resources.map(({ errorCode, resourceType, resourceName: name, configEntries }) => ({
      errorCode,
      type: resourceType === RESOURCES.topic ? 'topic' : 'node',
      name,
      config: configEntries.map(({ configName, configValue }) => [configName, configValue] as const)
    }))
  })
})

type DescribedGroup = Omit<Requests['DescribeGroups']['answer']['groups'][number], 'members'> & {
  readonly members: ReadonlyArray<{ readonly clientId: string, readonly memberMetadata: Buffer }>
}

export const DescribeGroups = mapping<'DescribeGroups', { readonly groups: readonly DescribedGroup[] }>({
  kafkajs: 'DescribeGroups',
  versions: { min: 0, max: 2 },
  toParameters: same,
  toAnswer: ({ groups }) => ({
    groups: groups.map(({ members, ...group }) => ({
      ...group, members: members.map(({ clientId, memberMetadata }) => ({ clientId, metadata: memberMetadata }))
    }))
  })
})
