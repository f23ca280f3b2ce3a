import type { Api, Requests, WireConnection } from '../../lib/transport/kafka/wire.js'
import { encodeBatch, type PlainRecord } from './batches.js'
import { Cluster } from './cluster.js'
import { Random } from './judge.js'
import { Network } from './network.js'
import { Process } from './process.js'
import { Scheduler } from './scheduler.js'
import { Trace } from './trace.js'
import { Weather } from './weather.js'

export const METADATA = Buffer.from('metadata')

export interface Member {
  readonly groupId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationId: number
  readonly leaderId: string
}

/** A simulated cluster that is asked by hand, over the port. */
export class Bench {
  readonly scheduler = new Scheduler()
  readonly random = new Random(1)
  readonly cluster = new Cluster(this.scheduler, this.random)
  readonly weather = new Weather(this.random, () => {})
  readonly network = new Network(this.cluster, this.weather, new Trace(this.scheduler))
  readonly process = new Process('by hand', this.scheduler, this.random)

  /** Lets virtual time go on until the promise settles. */
  async run<Result> (work: Promise<Result>): Promise<Result> {
    const state = { settled: false }
    const settle = (): void => { state.settled = true }
    work.then(settle, settle)
    await this.scheduler.run(() => state.settled, this.scheduler.now + 120_000)
    if (!state.settled) throw new Error('it does not end')
    return await work
  }

  async pass (ms: number): Promise<void> {
    await this.scheduler.run(() => false, this.scheduler.now + ms)
  }

  connect (nodeId: number): Promise<WireConnection> {
    return this.run(this.network.wire(this.process).connect(
      this.cluster.node(nodeId).address, new AbortController().signal
    ))
  }

  /** Over a connection of its own. */
  async ask<Kind extends Api> (
    nodeId: number, api: Kind, parameters: Requests[Kind]['parameters']
  ): Promise<Requests[Kind]['answer']> {
    return await this.run((await this.connect(nodeId)).send(api, parameters))
  }

  async produce (
    nodeId: number,
    records: readonly PlainRecord[],
    writer: Partial<Parameters<typeof encodeBatch>[1]> = {},
    topic = 't'
  ) {
    const batch = encodeBatch(records, { producerId: 7n, producerEpoch: 0, baseSequence: 0, ...writer }, 1000)
    const { topics } = await this.ask(nodeId, 'Produce', {
      timeout: 4000, topics: [{ topic, partitions: [{ partition: 0, records: batch }] }]
    })
    return topics[0]!.partitions[0]!
  }

  async fetch (nodeId: number, offset: bigint, isolationLevel: 0 | 1 = 1, maxBytes = 1_000_000) {
    const { topics } = await this.ask(nodeId, 'Fetch', {
      maxWait: 100,
      minBytes: 1,
      maxBytes: 10_000_000,
      isolationLevel,
      rack: '',
      topics: [{ topic: 't', partitions: [{ partition: 0, offset, maxBytes }] }]
    })
    return topics[0]!.partitions[0]!
  }

  /** What `JoinGroup` asks for. */
  join (
    memberId: string, { groupInstanceId = null as string | null, metadata = METADATA } = {}
  ): Promise<Requests['JoinGroup']['answer']> {
    return this.send('JoinGroup', {
      groupId: 'g',
      memberId,
      groupInstanceId,
      sessionTimeout: 10_000,
      rebalanceTimeout: 20_000,
      protocols: [{ name: 'p', metadata }]
    })
  }

  /** To the coordinator, over a connection of its own; its end is waited for later. */
  async send<Kind extends Api> (
    api: Kind, parameters: Requests[Kind]['parameters']
  ): Promise<Requests[Kind]['answer']> {
    const { nodeId } = this.cluster.coordinator
    const connection = await this.network.wire(this.process).connect(
      this.cluster.node(nodeId).address, new AbortController().signal
    )
    return await connection.send(api, parameters)
  }

  /** A group of `count` members, the first of them its leader, with an assignment each. */
  async group (count: number): Promise<Member[]> {
    const ids = []
    for (let i = 0; i < count; i++) ids.push((await this.run(this.join(''))).memberId)
    const joined = await this.run(Promise.all(ids.map((id) => this.join(id))))
    const members = joined.map(({ memberId, generationId, leaderId }) => ({
      groupId: 'g', memberId, groupInstanceId: null, generationId, leaderId
    }))
    await this.run(Promise.all(members.map((member) => this.sync(member, members))))
    return members
  }

  sync (member: Member, members: readonly Member[]): Promise<Requests['SyncGroup']['answer']> {
    const assignments = members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(`of ${memberId}`) }))
    return this.send('SyncGroup', { ...member, assignments: member.memberId === member.leaderId ? assignments : [] })
  }

  async heartbeat (member: Member): Promise<number> {
    return (await this.run(this.send('Heartbeat', member))).errorCode
  }

  async commit (member: Member, offset: bigint): Promise<number> {
    const { topics } = await this.run(this.send('OffsetCommit', {
      ...member, topics: [{ topic: 't', partitions: [{ partition: 0, offset, metadata: 'm' }] }]
    }))
    return topics[0]!.partitions[0]!.errorCode
  }
}
