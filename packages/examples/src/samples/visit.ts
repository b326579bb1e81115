// Looks at Bookinfo's page as a browser does, from outside of the mesh, and says what is to be seen there.
import { parseArgs } from 'node:util'
import type { Page } from '../bookinfo/page.ts'
import { countOf, printTally, tally } from './tally.ts'

const USAGE = `visit [--as NAME] [-n COUNT]
Looks at the page of $PRODUCTPAGE, as the user NAME (header end-user).`

/** What somebody sees who looks at the page: the part Reviews, and whether the other one is there. */
function seen(page: Page): string {
  return 'error' in page.details ? `no details, ${seenReviews(page)}` : seenReviews(page)
}

function seenReviews({ reviews }: Page): string {
  if (!('reviews' in reviews)) return `no reviews: ${reviews.error}`
  const [first] = reviews.reviews
  const { rating } = first ?? {}
  const from = `reviews ${reviews.version}`
  if (rating === undefined) return `${from}, no stars`
  return 'error' in rating ? `${from}, no ratings` : `${from}, ${rating.color} stars`
}

/** From here on somebody wonders. */
const LONG_MS = 950

/** Seconds, to the half. */
function waiting(tookMs: number): string {
  return tookMs < LONG_MS ? '' : `, after ${(Math.round(tookMs / 500) / 2).toFixed(1)} s`
}

async function look(url: string, user: string | undefined): Promise<string> {
  const headers = { accept: 'application/json', ...(user === undefined ? {} : { 'end-user': user }) }
  const begin = performance.now()
  const response = await fetch(`${url}/productpage`, { headers })
  const text = await response.text()
  const what = response.ok ? seen(JSON.parse(text) as Page) : `${response.status} ${text.trim()}`
  return `${what}${waiting(performance.now() - begin)}`
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { as: { type: 'string' }, n: { type: 'string', short: 'n', default: '1' } } })
  const url = process.env.PRODUCTPAGE
  if (url === undefined) throw new Error('PRODUCTPAGE is not set: paste the lines that `samples bookinfo` printed')
  printTally(await tally(countOf(values.n, '-n'), 4, () => look(url, values.as)))
}

try {
  await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  process.exitCode = 2
}
