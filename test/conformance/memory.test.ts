import t from 'tap'
import { transportConformance } from '../../lib/testing/index.js'
import { collidingTopics } from './colliding.js'
import { memory, newMemoryClient } from './memory-world.js'
import { conformance } from './suite.js'

conformance(memory)
collidingTopics(memory)
transportConformance((name, sentence) => t.test(`memory: ${name}`, sentence), newMemoryClient)
