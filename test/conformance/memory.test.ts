import t from 'tap'
import { transportConformance } from '../../lib/testing/index.js'
import { memory, newMemoryClient } from './memory-world.js'
import { conformance } from './suite.js'

conformance(memory)
transportConformance((name, sentence) => t.test(`memory: ${name}`, sentence), newMemoryClient)
