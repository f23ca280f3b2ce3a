import t from 'tap'
import { transportConformance } from '../../lib/testing/index.js'
import { collidingTopics } from './colliding.js'
import { answerLate, memory, newMemoryClient } from './memory-world.js'
import { conformance } from './suite.js'

// What is true of a cluster in memory is true of one that answers late. A difference is code that goes on too early.

answerLate()
conformance({ ...memory, name: 'late memory' })
collidingTopics({ ...memory, name: 'late memory' })
transportConformance((name, sentence) => t.test(`late memory: ${name}`, sentence), newMemoryClient)
