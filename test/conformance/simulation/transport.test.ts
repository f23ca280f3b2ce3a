import t from 'tap'
import { transportConformance } from '../../../lib/testing/index.js'
import { simulatedTransport } from '../simulation-world.js'

/** The simulated cluster looks for no offsets by time, and takes every name of a topic. */
const NOT_SIMULATED = /^(a time|the offsets of a place|a topic with a name that no)/

transportConformance((name, sentence) => {
  if (!NOT_SIMULATED.test(name)) t.test(`simulation: ${name}`, sentence)
}, simulatedTransport)
