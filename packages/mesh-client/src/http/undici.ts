/*
 * The only file that loads undici. Loading it replaces a global of the process, so the two imports around it remember and
 * give back what was there; their order matters.
 */
import './undici-save.ts'

export { Agent, buildConnector, Dispatcher, Dispatcher1Wrapper, errors, Pool, Response } from 'undici'

import './undici-restore.ts'
