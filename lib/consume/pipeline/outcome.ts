/**
 * Outcome of a message in the pipeline.
 *
 * - `settled`: its offset may be committed.
 * - `unsettled`: it is redelivered; nothing behind it in its lane may run before.
 * - `stop`: its handler threw `StopConsume`, or a right on the cluster is missing: as `unsettled`, and its subscriber
 *   handles no further message.
 */
export type Outcome = 'settled' | 'unsettled' | 'stop'
